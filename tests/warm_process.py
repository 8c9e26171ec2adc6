"""Scripts in processes of their own, without the seconds that imports take.

A server that has imported what all of them import forks one for each. They
have their own arguments, folder, environment and `__main__`, and end as any
other. What a script must import itself is seen by the tests that start a new
interpreter.
"""
import atexit
import gc
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STOCK_ONLY = ('torch', 'torch._dynamo', 'mmengine.runner', 'mmaction.registry')
EVERYTHING = (*STOCK_ONLY, 'transformers.models.bert.modeling_bert',
              'meltr_mm.apis')
_servers = {}


def run_script(script, *args, cwd=None, env=None, timeout=300,
               imported=EVERYTHING):
    """Run a script to its end.

    Args:
        script (str | Path): The script.
        *args: Its arguments.
        cwd (Path, optional): Where it runs. Defaults to here.
        env (dict, optional): Its environment. Defaults to that of the tests.
            Of Python's variables only PYTHONPATH counts.
        timeout (float): Seconds after which it is killed.
        imported (tuple[str]): What it finds imported: ``EVERYTHING``, or
            ``STOCK_ONLY``, without this package.

    Returns:
        CompletedProcess: As of ``subprocess.run(..., text=True)``.
    """
    result, = run_scripts([(script, *args)], cwd, env, timeout, imported)
    return result


def run_scripts(commands, cwd=None, env=None, timeout=300,
                imported=EVERYTHING):
    """Run scripts at the same time; the arguments are those above.

    When one fails, the others have ten more seconds.

    Returns:
        list[CompletedProcess]: One for each.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder, str(n))) for n in range(len(commands))]
        commands = [[*map(str, command)] for command in commands]
        codes = _ask(imported, dict(
            jobs=[dict(argv=command, stdout=f'{name}.out',
                       stderr=f'{name}.err')
                  for command, name in zip(commands, names)],
            cwd=str(cwd or Path.cwd()), env=dict(env or os.environ),
            timeout=timeout))
        return [subprocess.CompletedProcess(
            command, code, *(Path(f'{name}.{end}').read_text()
                             for end in ('out', 'err')))
                for command, name, code in zip(commands, names, codes)]


def _ask(imported, request):
    server = _servers.get(imported)
    if server is None or server.poll() is not None:
        server = _servers[imported] = subprocess.Popen(
            [sys.executable, '-W', 'ignore', __file__, *imported],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, OMP_NUM_THREADS='1',
                     OPENBLAS_NUM_THREADS='1',
                     PYTHONPATH=os.pathsep.join(filter(None, sys.path))))
    server.stdin.write(json.dumps(request) + '\n')
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def _serve(imported):
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    for name in imported:
        __import__(name)
    threads = len(os.listdir('/proc/self/task')) \
        if os.path.isdir('/proc/self/task') else 1
    if threads > 1:
        raise RuntimeError(f'{threads} threads cannot be forked')
    gc.freeze()
    # It ends with the process that writes to it.
    for line in iter(sys.stdin.readline, ''):
        request = json.loads(line)
        running = {}
        for number, job in enumerate(request['jobs']):
            pid = os.fork()
            if not pid:
                answers.close()
                return request, job
            running[pid] = number
        answers.write(json.dumps(_end(running, request['timeout'])) + '\n')
        answers.flush()
    return None


def _end(running, timeout):
    """Exit codes of processes, in their order."""
    codes = [None] * len(running)
    end = time.monotonic() + timeout
    while running:
        for pid in list(running):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) \
                    else os.WEXITSTATUS(status)
                codes[running.pop(pid)] = code
                if code:
                    end = min(end, time.monotonic() + 10)
        time.sleep(0.02)
    return codes


def _become(request, job):
    os.environ.clear()
    os.environ.update(request['env'])
    os.chdir(request['cwd'])
    for descriptor, name in ((0, os.devnull), (1, job['stdout']),
                             (2, job['stderr'])):
        flags = os.O_RDWR | (os.O_CREAT if descriptor else 0)
        os.dup2(os.open(name, flags, 0o600), descriptor)
    sys.path[:0] = [str(Path(job['argv'][0]).resolve().parent), *filter(
        None, request['env'].get('PYTHONPATH', '').split(os.pathsep))]
    sys.argv[:] = job['argv']
    # Else they would all draw the same.
    random.seed()
    sys.modules['numpy'].random.seed()
    sys.modules['torch'].seed()
    code = 0
    try:
        runpy.run_path(job['argv'][0], run_name='__main__')
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    # Taking all modules down would copy the memory that is shared.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == '__main__':
    asked = _serve(sys.argv[1:])
    if asked is not None:
        _become(*asked)
