"""What a job leaves behind: a private folder per job, until the job is deleted.

::

    <root>/jobs/<job id>/
    ├── owner.json, job.lock             whose it is; locked while the job runs
    ├── asked.to_end                     if it was deleted while it ran
    ├── request.json                     the request as it was validated
    ├── linked.json                      what is asked for, where several tables are linked
    ├── application.json                 whose solution is applied, and how
    ├── source.json                      where the records are, and their columns; the first and
    │                                    the last day of those whose dates are shifted
    ├── count.parquet, count.npz         values and counts by column; the frequency table, of the
    │                                    population too; the key that a sample was drawn by; who
    │                                    has which tuple, by keyed hashes, where persons count
    ├── solution.json, solution.npz      what was decided: labels, levels, proof; classes
    ├── held/                            the release itself, while it waits for an approval
    ├── hold.json, hold.lock             whether it was approved, by whom, and when; locked by who
    │                                    decides
    ├── approval.json                    which release a job approves
    ├── announced.json                   where a release was about to be published, and which one
    ├── to_take.back                     if what it published could not be removed yet
    ├── release.json                     where the release is, and what was measured on it
    ├── released.parquet, released.npz   the release counted, as it is stored
    ├── verified.json                    what was measured on the release, promise by promise; with
    ├── verified_together.json           the table that it joins, if it joins one
    ├── persons.bin                      whose each released record is, where persons count
    ├── release.parquet                  the release itself, if the request names no target
    ├── residual_disclosure.json         what the release tells although every promise holds
    ├── exploratory_values.parquet       every value and its count
    ├── exploratory_summary.parquet      … and how the values of each column lie
    ├── risk.json, utility.json          the other statistics
    ├── risk_details.json                what a request wants examined besides
    ├── risk_of_source_records.parquet   … and the risk of every record, by its row
    ├── risk_of_released_records.parquet
    ├── detection.parquet                what each column seems to be
    ├── proposal.yaml, hierarchies.json  a request, or rules, to start from
    ├── frontier.svg                     what was measured for a proposal: risk against loss
    ├── measurement.parquet              other configurations, compared
    ├── report.html, evidence.json       all of it in words and pictures; the facts behind it
    └── files/<key>/                     the same, of each of the files that a job releases, or of
                                         the table that the one above joins

Only the owner may read any of it. No file is changed once it is written, so one job may take
over the files of another by a link, and either can be deleted without harm to the other.
"""
