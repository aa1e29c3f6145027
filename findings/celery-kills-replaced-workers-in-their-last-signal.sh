#!/usr/bin/env bash
# What one would guess: a warm shutdown of Celery's prefork pool (SIGTERM to the worker command) lets each child
# finish. `worker_process_shutdown` is the documented place to close and to flush, and its receivers run to their end.
#
# What happens: that holds for the children that the pool began with. Once `worker_max_tasks_per_child` has had one
# replaced, the command does not wait for the children that are there now: it ends with status 0 while their
# receivers run, and they die with it (they ask the kernel for SIGKILL when their parent ends). A receiver that takes
# two seconds is cut off; under load shorter ones are, too.
#
# What it means for us: what a worker's last signal would store can be lost. The tracker stores at the end of each
# task what the task recorded, also in blocks that it left open; the signal only comes on top.
#
# Needs network access to PyPI (celery 5.7.0). Exits with 1 if the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'celery==5.7.0' 'billiard==4.3.2' 'kombu==5.7.0'
cat >"$folder/app.py" <<'PROGRAM'
import os
import time

from celery import Celery, signals

broker = os.path.abspath("broker")
os.makedirs(broker, exist_ok=True)
app = Celery("app", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": broker,
    "data_folder_out": broker,
    "control_folder": f"{broker}/control",
}
app.conf.update(worker_max_tasks_per_child=int(os.environ["TASKS"]), task_ignore_result=True)


def note(text):
    with open("log", "a") as log:
        log.write(f"{text}\n")


@app.task(name="job")
def job():
    note("job")


@signals.worker_process_shutdown.connect
def ends(**_told):
    note("begins to end")
    time.sleep(2)
    note("has ended")
PROGRAM
cat >"$folder/run.py" <<'PROGRAM'
import os
import signal
import subprocess
import sys
import time

from app import job

JOBS = 7
for _ in range(JOBS):
    job.delay()
pool = ["--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle"]
command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "app", "worker", *pool]
worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def noted(text):
    return open("log").read().split("\n").count(text) if os.path.exists("log") else 0


while noted("job") < JOBS or noted("begins to end") > noted("has ended"):
    time.sleep(0.1)
time.sleep(1)
worker.send_signal(signal.SIGTERM)
status = worker.wait()
time.sleep(3)
print(f"tasks per child {os.environ['TASKS']}: status {status}, "
      f"{noted('begins to end')} children began to end, {noted('has ended')} came to their end")
PROGRAM
cd "$folder"
"$folder/venv/bin/python" -c 'import celery, platform; print("CPython", platform.python_version(), "Celery", celery.__version__)'
TASKS=1000 "$folder/venv/bin/python" run.py | tee "$folder/kept"
rm -r log broker
TASKS=3 "$folder/venv/bin/python" run.py | tee "$folder/replaced"
grep -q 'status 0, 2 children began to end, 2 came to their end' "$folder/kept"
grep -q 'status 0, 4 children began to end, 2 came to their end' "$folder/replaced"
echo "as described: the children that took the place of others are cut off"
