# SPDX-License-Identifier: Apache-2.0
# The targets RdKafka::rdkafka and, where its headers are installed, RdKafka::rdkafka++. From PELTON_LIBRDKAFKA if it is set,
# otherwise what tools/librdkafka has built, otherwise the system's.
set(PELTON_LIBRDKAFKA "" CACHE STRING "Where librdkafka is installed, or `system`; empty: tools/librdkafka's, else the system's")

set(_rdkafka_prefix "${PELTON_LIBRDKAFKA}")
if(NOT _rdkafka_prefix)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/librdkafka --prefix OUTPUT_VARIABLE _rdkafka_prefix OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
# What an earlier run found may be another version.
unset(RdKafka_DIR CACHE)
if(NOT _rdkafka_prefix STREQUAL "system")
  # Beside its description is the module for LZ4 that this asks for.
  list(APPEND CMAKE_MODULE_PATH "${_rdkafka_prefix}/lib/cmake/RdKafka")
  find_package(RdKafka CONFIG QUIET PATHS "${_rdkafka_prefix}" NO_DEFAULT_PATH)
  list(POP_BACK CMAKE_MODULE_PATH)
endif()

if(NOT TARGET RdKafka::rdkafka)
  if(PELTON_LIBRDKAFKA AND NOT PELTON_LIBRDKAFKA STREQUAL "system")
    message(FATAL_ERROR "There is no librdkafka in ${PELTON_LIBRDKAFKA} (PELTON_LIBRDKAFKA)")
  endif()
  find_package(PkgConfig QUIET)
  foreach(_library rdkafka rdkafka++)
    pkg_check_modules(PC_${_library} QUIET IMPORTED_TARGET ${_library})
    if(PC_${_library}_FOUND)
      add_library(RdKafka::${_library} ALIAS PkgConfig::PC_${_library})
    endif()
  endforeach()
  set(RdKafka_VERSION "${PC_rdkafka_VERSION}")
  set(_rdkafka_prefix "the system's")
endif()

if(TARGET RdKafka::rdkafka)
  message(STATUS "librdkafka ${RdKafka_VERSION}: ${_rdkafka_prefix}")
  set(RdKafka_FOUND TRUE)
elseif(RdKafka_FIND_REQUIRED)
  message(FATAL_ERROR "There is no librdkafka: run tools/setup, or install librdkafka-dev, or set PELTON_LIBRDKAFKA to where it is installed")
endif()
if(RdKafka_FOUND AND RdKafka_VERSION VERSION_LESS RdKafka_FIND_VERSION)
  message(FATAL_ERROR "librdkafka ${RdKafka_VERSION} is too old: ${RdKafka_FIND_VERSION} or newer is needed")
endif()
