"""Names of people, their jobs and employers."""

import re
from collections.abc import Iterator
from functools import lru_cache

from anon_dagster.detection.evidence import Evidence, percent, ramp
from anon_dagster.detection.profile import Profile
from anon_dagster.facts import known_rows
from anon_dagster.facts.vocabulary import family_names, given_names, plain, words

_TITLE = re.compile(
    r"^(mr|mrs|ms|miss|dr|prof|herr|frau|hr|fr|sr|sra|srta|don|doña|mme|m|mlle|dott|ing|dipl|sig|"
    r"sir|dame|univ|med|mag|jr|ph\.?d|md|dds|dvm|ii|iii|iv|esq|b\.?sc|m\.?sc)\.?$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]+(?:['\u2019.-]+[^\W\d_]+)*\.?")
_PARTICLES = r"(?:(?:van|von|vom|zu|zum|de|del|della|der|den|des|di|da|do|dos|la|le|lo|ter|ten|'t|bin|ben|el|al|af) )"
_LONE = re.compile(
    rf"{_PARTICLES}{{0,3}}(?:[A-ZÀ-Þ]['\u2019])?[^\W\d_][^\W\d_]+(?:-[^\W\d_]+)?", re.IGNORECASE
)
_COMPANY = re.compile(
    r"\b(inc|llc|ltd|plc|corp|co|company|group|gmbh|ag|kg|ohg|e\.?v|mbh|s\.?a|s\.?l|s\.?r\.?l|s\.?p\.?a|"
    r"sarl|sas|sasu|b\.?v|n\.?v|oy|ab|a/s|aps|pty|lda|ltda|s\.?l\.?u|s\.?c\.?p|s\.?coop|& sons|and sons|"
    r"partners|holdings?|industries|bank|university|hospital|clinic|associates|solutions|services|"
    r"systems|e hijos|y asociados|et fils|e figli|stiftung|kgaa|gbr|limited|corporation|foundation|"
    r"institute|college|school|universität|klinikum|insurance|technologies|consulting|enterprises)\b\.?",
    re.IGNORECASE,
)
_PAIRED = re.compile(
    r"[A-Z]\w+(?:-[A-Z]\w+|, [A-Z]\w+ and [A-Z]\w+|(?:,? (?:&|and|und|et|y|e) [A-Z]\w+))"
)
_FAMILY_ENDINGS = re.compile(
    r"(son|sen|sson|ez|ov|ova|ev|eva|ski|ska|sky|mann|man|berg|burg|stein|feld|field|ton|ley|ford|well|wood|ini|"
    r"elli|etti|escu|opoulos|idis|wicz|czyk|ström|lund|quist|dahl|bauer|meier|hoff|worth|land|enko|yan|ian)$"
)


def name_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for names: one word that is a given or a family name, or several words of which one is.

    Lists of names hold the common ones only, so half of the values is much.
    """
    if profile.numeric or profile.distinct < 2:
        return
    lettered = profile.share(lambda v: _words(v) is not None)
    if lettered < 0.7:
        return
    split = [(_words(value) or []) for value in profile.shown]
    weights = profile.weights
    several = float(weights[[len(parts) > 1 for parts in split]].sum())
    if several >= 0.6:
        share = profile.share(_full_name)
        score = 0.93 * ramp(share, low=0.15, high=0.5) * ramp(lettered, low=0.6, high=0.9)
        if score:
            yield Evidence("full_name", score, f"{percent(share)} of the values hold a known name")
        return
    # Answers of a survey may be names by chance; those of a few dozen are hardly people.
    varied = 0.5 + 0.5 * ramp(profile.distinct, low=5, high=30)
    given = profile.share(_given)
    family = profile.share(_family)
    if max(given, family) < 0.35 and _like_names(profile):
        yield Evidence("family_name", 0.4, "single words with a capital, most of them different")
    for domain, own, other in (("given_name", given, family), ("family_name", family, given)):
        score = (
            0.92
            * varied
            * ramp(own, low=0.15, high=0.5)
            * ramp(own - 0.7 * other, low=0.0, high=0.15)
        )
        if score:
            yield Evidence(
                domain,
                score,
                f"{percent(own)} of the values are known as {domain.replace('_', ' ')}s",
            )


def _like_names(profile: Profile) -> bool:
    """Tell whether values are single capitalized words of great variety, particles aside."""
    capital = profile.share(lambda v: bool(_LONE.fullmatch(v)))
    return capital > 0.85 and profile.distinct > 100 and profile.distinct_share > 0.25


def _words(value: str) -> list[str] | None:
    """Split a name into its words, titles aside; ``None`` if the value is no name."""
    parts = [part for part in re.split(r"[\s,]+", value) if part]
    if not 1 <= len(parts) <= 6 or not all(_NAME.fullmatch(part) for part in parts):
        return None
    return [part for part in parts if not _TITLE.match(part)] or None


def _given(value: str) -> bool:
    parts = re.split(r"[\s-]", plain(value))
    return plain(value) in given_names() or parts[0] in given_names()


def _family(value: str) -> bool:
    name = plain(value)
    parts = re.split(r"[\s-]", name)
    if name in family_names() or parts[-1] in family_names() or parts[0] in family_names():
        return True
    return bool(_FAMILY_ENDINGS.search(name)) and name not in given_names() and len(name) > 5


@lru_cache(maxsize=4096)
def _full_name(value: str) -> bool:
    parts = _words(value)
    if not parts or len(parts) < 2 or _COMPANY.search(value):
        return False
    names = [plain(part) for part in parts]
    known = given_names()
    return names[0] in known or ("," in value and names[-1] in known)


def scripted_name_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for names in scripts that no list is kept for: Cyrillic patronymics, short Han names."""
    patronymic = profile.share(
        re.compile(r"\w+ \w+ \w+(вич|вна|ична)|\w+ \w+(вич|вна|ична) \w+").fullmatch
    )
    han = profile.share(
        re.compile(r"[\u4e00-\u9fff]{1,3} ?[\u3040-\u30ff\u4e00-\u9fff]{1,3}").fullmatch
    )
    hangul = profile.share(re.compile(r"[가-힣]{3}").fullmatch)
    if score := 0.95 * ramp(patronymic, low=0.3, high=0.7):
        yield Evidence("full_name", score, f"{percent(patronymic)} of the values hold a patronymic")
    east = max(han, hangul)
    if profile.distinct > 50 and (score := 0.7 * ramp(east)):
        yield Evidence("full_name", score, f"{percent(east)} of the values are as short as names")


# -- work ----------------------------------------------------------------------------------


def work_evidence(profile: Profile) -> Iterator[Evidence]:
    """Look for job titles by their words, and for companies by their legal forms."""
    if profile.numeric or profile.distinct < 3 or profile.mean_words > 7:
        return
    jobs = profile.share(_job) * (1 - 0.6 * profile.within(words("industry")))
    if (alike := profile.share(_job_like)) > max(0.3, jobs):
        reason = f"{percent(alike)} of the values end like titles of jobs"
        yield Evidence("occupation", 0.72 * ramp(alike, low=0.2, high=0.5), reason)
    if score := 0.9 * ramp(jobs, low=0.3, high=0.75):
        yield Evidence(
            "occupation", score, f"{percent(jobs)} of the values hold words of job titles"
        )
    standing = profile.within(words("employment"))
    if score := 0.85 * ramp(standing, low=0.4, high=0.9):
        reason = f"{percent(standing)} of the values say how somebody is employed"
        yield Evidence("occupation", score, reason)
    companies = profile.share(_company)
    varied = ramp(profile.distinct, low=3, high=12)
    if score := 0.9 * varied * ramp(companies, low=0.25, high=0.6):
        yield Evidence(
            "employer", score, f"{percent(companies)} of the values are written like companies"
        )


_JOB_ENDING = re.compile(
    r"(ologe|ologin|ologue|[oó]log[oa]|ingenieur|ingenieurin|ingenier[oa]|ingénieure?|ingegnere|engenheir[oa]|"
    r"t[eé]cnic[oa]|technicien|technicienne|techniker|operador|operadora|operatore|op[eé]rateur|auxiliar|"
    r"bauer|wirt|wirtin|mechaniker|mechatroniker|macher|kaufmann|kauffrau|fachkraft|monteur|meister|berater|führer|"
    r"arbeiter|schlosser|pfleger|assistent|assistentin|sekretär|leiter|gestalter|zeichner|laborant|chemikant|"
    r"[a-z]{3}(?:ador|adora|edor|edora|idor|idora|trice|teur|ier|ière|iste|ista|eur|euse|eiro|eira|logo|loga|grafo|grafa)|"
    r"responsable|chargé|chargée|chef|conducteur|agent|agente|analista|g[eé]rant|gestor|gestora|trabalhador|"
    r"empleado|profesional|especialista|director|directora|directrice)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def _job_like(value: str) -> bool:
    """Tell whether the first or last word of a title ends as names of jobs do."""
    parts = value.split()
    if not parts or len(parts) > 9:
        return False
    return bool(_JOB_ENDING.search(parts[0]) or _JOB_ENDING.search(parts[-1]))


@lru_cache(maxsize=4096)
def _job(value: str) -> bool:
    return len(value) < 80 and bool(known_rows("occupation", [value]))


def _company(value: str) -> bool:
    return bool(_COMPANY.search(value)) or (bool(_PAIRED.fullmatch(value)) and not _given(value))
