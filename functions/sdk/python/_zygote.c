// SPDX-License-Identifier: Apache-2.0
//
// How a zygote (pelton/zygote.py) makes a worker: a copy of itself that is the engine's child.
// Without this module workers start as processes of their own. Written against the limited API, so
// that one binary serves every CPython from 3.9 on.
#define _GNU_SOURCE
#define Py_LIMITED_API 0x03090000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char** environ;

static const char kVariable[] = "PELTON_WORKER=";
static const char kGuard[] = "PELTON_GUARD=";
#ifdef SYS_landlock_restrict_self
static const long kRestrict = SYS_landlock_restrict_self;
#else
static const long kRestrict = 446;
#endif
// Where the kernel shows the variable's value (/proc/PID/environ), by which the engine finds what a
// worker leaves behind. As long as the value of every other process of this engine.
static char* shown = NULL;
static pid_t engine = 0;

static void find_shown(void) {
  for (char** at = environ; at != NULL && *at != NULL; ++at)
    if (strncmp(*at, kVariable, sizeof kVariable - 1) == 0) shown = *at + sizeof kVariable - 1;
}

// What a process has that the engine starts by itself.
static void become_worker(const char* identity) {
  memcpy(shown, identity, strlen(identity));
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (getppid() != engine) _exit(125);
}

// ---- of an isolated zygote

// What the guard is started with; made before there is a copy.
struct guard {
  char* command[4];
  char number[16];
  char name[sizeof kGuard + 64];
  char* environment[2];
  volatile int failed;
};

// In the copy's memory, while the copy waits. Nothing of its own is open there: the ends of the
// copy's output would not end with it.
static int become_guard(void* argument) {
  struct guard* guard = argument;
  syscall(SYS_close_range, 0U, ~0U, 0U);
  execve(guard->command[0], guard->command, guard->environment);
  guard->failed = 1;
  _exit(127);
}

// A program that outlives this copy and ends what it leaves. A child of the engine: this one's
// waits do not see it.
static int start_guard(const char* identity, char* program) {
  static char stack[1 << 14] __attribute__((aligned(16)));
  static struct guard guard;
  snprintf(guard.number, sizeof guard.number, "%d", (int)getpid());
  snprintf(guard.name, sizeof guard.name, "%s%s", kGuard, identity);
  guard.command[0] = program;
  guard.command[1] = "guard";
  guard.command[2] = guard.number;
  guard.environment[0] = guard.name;
  const int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD;
  return clone(become_guard, stack + sizeof stack, flags, &guard) < 0 || guard.failed ? -1 : 0;
}

// One layer is between the copy and the guard, so that it can signal the copy and not the other way
// round; both are between the copy and everybody else. All or no worker.
static void isolate(int ruleset, const char* identity, char* guard) {
  if (syscall(kRestrict, ruleset, 0) != 0 || start_guard(identity, guard) < 0 ||
      syscall(kRestrict, ruleset, 0) != 0)
    _exit(126);
  close(ruleset);
}

// As glibc's fork(), but for CLONE_PARENT, which it has no way to pass on: the child is the
// engine's, like this process, and its thread has a number of its own. What glibc does beyond that
// is for processes with several threads, which a zygote is not; the handlers of pthread_atfork()
// are not called, so zygote.py calls them once when an import has left threads behind.
static pid_t copy(void) {
  int* number = NULL;
  struct robust_list_head* held = NULL;
  size_t size = 0;
  unsigned long flags = CLONE_PARENT | SIGCHLD;
  if (prctl(PR_GET_TID_ADDRESS, &number, 0, 0, 0) == 0 && number != NULL)
    flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  syscall(SYS_get_robust_list, 0, &held, &size);
#if defined(__s390__)
  const pid_t pid = (pid_t)syscall(SYS_clone, NULL, flags, NULL, number, NULL);
#elif defined(__x86_64__)
  const pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, number, NULL);
#else
  const pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, number);
#endif
  if (pid == 0 && held != NULL) syscall(SYS_set_robust_list, held, size);
  return pid;
}

static PyObject* zygote_fork(PyObject* self, PyObject* arguments) {
  (void)self;
  const char* identity = NULL;
  int ruleset = -1;
  char* guard = NULL;
  if (!PyArg_ParseTuple(arguments, "s|iz", &identity, &ruleset, &guard)) return NULL;
  if (shown == NULL || strlen(identity) != strlen(shown)) {
    PyErr_SetString(PyExc_ValueError, "not a name of a worker of this engine");
    return NULL;
  }
  fflush(NULL);  // what libraries wrote is not to be written by each copy
  PyOS_BeforeFork();
  const pid_t pid = copy();
  const int error = errno;
  if (pid == 0) {
    become_worker(identity);
    if (ruleset >= 0) isolate(ruleset, identity, guard);
    PyOS_AfterFork_Child();
  } else {
    PyOS_AfterFork_Parent();
  }
  if (pid >= 0) return PyLong_FromLong(pid);
  errno = error;
  return PyErr_SetFromErrno(PyExc_OSError);
}

static PyMethodDef methods[] = {
    {"fork", zygote_fork, METH_VARARGS,
     "As os.fork(), but the copy is a child of this process's parent, in a session of its own. "
     "With "
     "a ruleset of Landlock and a program that is to end what it leaves, it is isolated."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "pelton._zygote", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__zygote(void) {
  find_shown();
  engine = getppid();
  return PyModule_Create(&module);
}
