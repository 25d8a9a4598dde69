// SPDX-License-Identifier: Apache-2.0
//
// The inner loop of the Python SDK: gives events to a handler while it returns None. Everything
// else (outputs, failures, answers) is Python's (runner.py), which works without this module as
// well, only slower. Written against the limited API, so that one binary serves every CPython
// from 3.9 on.
#define Py_LIMITED_API 0x03090000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>
#include <sys/mman.h>
#include <time.h>

// Base of IncomingEvent and Context: a frame, an index into it, and when its event began
// (CLOCK_MONOTONIC, nanoseconds).
typedef struct {
  PyObject_HEAD PyObject* frame;
  Py_ssize_t index;
  long long begun;
} Record;

// The engine reads here which event is at hand, and says which are not to begin (worker.proto,
// "Progress page").
static uint64_t* progress = NULL;
enum { kFrame, kIndex, kBegun, kEvents, kLimits = 2048 / 8 };

static void record_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  Py_XDECREF(((Record*)self)->frame);
  release(self);
  Py_DECREF(type);
}

static PyMemberDef record_members[] = {
    {"_frame", T_OBJECT_EX, offsetof(Record, frame), 0, NULL},
    {"_index", T_PYSSIZET, offsetof(Record, index), 0, NULL},
    {"_begun", T_LONGLONG, offsetof(Record, begun), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot record_slots[] = {
    {Py_tp_dealloc, (void*)record_dealloc},
    {Py_tp_members, record_members},
    {0, NULL},
};

static PyType_Spec record_spec = {
    "pelton._loop.Record", sizeof(Record), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    record_slots,
};

static PyObject* make_record(PyTypeObject* type, PyObject* frame, Py_ssize_t index, int64_t begun) {
  Record* record = (Record*)PyType_GenericAlloc(type, 0);
  if (record == NULL) return NULL;
  Py_INCREF(frame);
  record->frame = frame;
  record->index = index;
  record->begun = begun;
  return (PyObject*)record;
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Calls the handler for one event. New reference; NULL when it raised.
static PyObject* call(PyObject* handler, PyTypeObject* event_type, PyTypeObject* context_type,
                      PyObject* frame, Py_ssize_t index, int64_t begun) {
  PyObject* event = make_record(event_type, frame, index, begun);
  PyObject* context = event == NULL ? NULL : make_record(context_type, frame, index, begun);
  PyObject* value =
      context == NULL ? NULL : PyObject_CallFunctionObjArgs(handler, event, context, NULL);
  Py_XDECREF(event);
  Py_XDECREF(context);
  return value;
}

// The exception at hand as an object, with its traceback. Whatever a function raises is its own:
// SystemExit and CancelledError too.
static PyObject* take_error(void) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != NULL) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
}

static int limited(uint64_t frame, Py_ssize_t index) {
  for (int limit = kLimits; limit < kLimits + 4; limit += 2)
    if (__atomic_load_n(&progress[limit], __ATOMIC_ACQUIRE) == frame &&
        (uint64_t)index >= __atomic_load_n(&progress[limit + 1], __ATOMIC_ACQUIRE))
      return 1;
  return 0;
}

// Tells that the event is at hand. False: it is not to begin.
static int begin(uint64_t frame, Py_ssize_t index, int64_t begun) {
  if (progress == NULL) return 1;
  progress[kBegun] = (uint64_t)begun;
  __atomic_store_n(&progress[kIndex], (uint64_t)index + 1, __ATOMIC_RELEASE);
  if (!limited(frame, index)) return 1;
  __atomic_store_n(&progress[kIndex], 0, __ATOMIC_RELEASE);
  return 0;
}

// run(handler, event_type, context_type, frame, frame_id, first, count, budget_ns) -> (done, value,
// error): `done` events returned None; then either all are through, or the budget is used up, or
// the engine wants the others back (None, None), or the next one returned a value (value, None), or
// raised (None, error).
static PyObject* run(PyObject* module, PyObject* args) {
  (void)module;
  PyObject *handler, *event_type, *context_type, *frame;
  unsigned long long frame_id;
  Py_ssize_t first, count;
  long long budget;
  if (!PyArg_ParseTuple(args, "OOOOKnnL", &handler, &event_type, &context_type, &frame, &frame_id,
                        &first, &count, &budget))
    return NULL;
  int64_t now = now_ns();
  const int64_t until = now + budget;
  Py_ssize_t index = first;
  if (progress != NULL && progress[kFrame] != frame_id) {
    __atomic_store_n(&progress[kIndex], 0, __ATOMIC_RELEASE);
    progress[kFrame] = frame_id;
    progress[kEvents] = 1;
  }
  while (index < count && begin(frame_id, index, now)) {
    PyObject* value =
        call(handler, (PyTypeObject*)event_type, (PyTypeObject*)context_type, frame, index, now);
    if (value == NULL) {
      PyObject* error = take_error();
      if (error == NULL) return NULL;
      return Py_BuildValue("(nON)", index - first, Py_None, error);
    }
    if (value != Py_None) return Py_BuildValue("(nNO)", index - first, value, Py_None);
    Py_DECREF(value);
    ++index;
    now = now_ns();
    if (now >= until) break;
  }
  return Py_BuildValue("(nOO)", index - first, Py_None, Py_None);
}

static PyObject* open_progress(PyObject* module, PyObject* arg) {
  (void)module;
  const long fd = PyLong_AsLong(arg);
  if (fd == -1 && PyErr_Occurred()) return NULL;
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
  if (page == MAP_FAILED) return PyErr_SetFromErrno(PyExc_OSError);
  progress = (uint64_t*)page;
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"run", run, METH_VARARGS, "Gives events to a handler while it returns None."},
    {"open_progress", open_progress, METH_O, "Maps the progress page."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "pelton._loop", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__loop(void) {
  PyObject* module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  PyObject* record = PyType_FromSpec(&record_spec);
  if (record == NULL || PyModule_AddObject(module, "Record", record) < 0) {
    Py_XDECREF(record);
    Py_DECREF(module);
    return NULL;
  }
  return module;
}
