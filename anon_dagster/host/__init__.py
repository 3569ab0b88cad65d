"""A deployment without a server: queues jobs and runs each in a process of its own.

One host serves one folder of jobs. A client starts it when it needs it; it goes on while there
are jobs, also when the client is gone, and ends when nobody has asked for anything for a while.
It listens on the loopback interface, and answers only those who can read the key that it leaves
in the folder of the jobs.
"""
