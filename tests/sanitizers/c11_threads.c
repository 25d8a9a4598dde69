// SPDX-License-Identifier: Apache-2.0
// C11's threads, locks and conditions on those of POSIX. Only the tsan preset links this, before
// the C library: the ThreadSanitizer of g++ 12 does not know that thrd_create begins a thread and
// ends with the process at the first instrumented call in one. librdkafka begins all of its threads
// that way. Whatever it does not call is not here.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

// Callers made their objects by the sizes of threads.h.
_Static_assert(sizeof(pthread_mutex_t) <= sizeof(mtx_t), "a lock fits");
_Static_assert(sizeof(pthread_cond_t) <= sizeof(cnd_t), "a condition fits");
_Static_assert(sizeof(pthread_t) == sizeof(thrd_t), "a thread fits");
_Static_assert(sizeof(pthread_once_t) == sizeof(once_flag), "a flag fits");

struct start {
  thrd_start_t function;
  void* argument;
};

static int c11(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ETIMEDOUT:
      return thrd_timedout;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}

static void* run(void* argument) {
  struct start start = *(struct start*)argument;
  free(argument);
  return (void*)(intptr_t)start.function(start.argument);
}

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  struct start* start = malloc(sizeof(*start));
  if (start == NULL) return thrd_nomem;
  *start = (struct start){function, argument};
  int error = pthread_create(thread, NULL, run, start);
  if (error != 0) free(start);
  return c11(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = NULL;
  int error = pthread_join(thread, &returned);
  if (error == 0 && result != NULL) *result = (int)(intptr_t)returned;
  return c11(error);
}

void call_once(once_flag* flag, void (*function)(void)) {
  pthread_once((pthread_once_t*)flag, function);
}

int mtx_init(mtx_t* lock, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  int error = pthread_mutex_init((pthread_mutex_t*)lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return c11(error);
}

int mtx_lock(mtx_t* lock) {
  return c11(pthread_mutex_lock((pthread_mutex_t*)lock));
}
int mtx_unlock(mtx_t* lock) {
  return c11(pthread_mutex_unlock((pthread_mutex_t*)lock));
}
void mtx_destroy(mtx_t* lock) {
  pthread_mutex_destroy((pthread_mutex_t*)lock);
}

int cnd_init(cnd_t* condition) {
  return c11(pthread_cond_init((pthread_cond_t*)condition, NULL));
}
int cnd_signal(cnd_t* condition) {
  return c11(pthread_cond_signal((pthread_cond_t*)condition));
}
int cnd_broadcast(cnd_t* condition) {
  return c11(pthread_cond_broadcast((pthread_cond_t*)condition));
}
void cnd_destroy(cnd_t* condition) {
  pthread_cond_destroy((pthread_cond_t*)condition);
}

int cnd_wait(cnd_t* condition, mtx_t* lock) {
  return c11(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)lock));
}

int cnd_timedwait(cnd_t* restrict condition, mtx_t* restrict lock,
                  const struct timespec* restrict until) {
  return c11(pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)lock, until));
}
