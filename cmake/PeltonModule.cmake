# SPDX-License-Identifier: Apache-2.0
# What all sources include: compiled once, for base, and once for the tests. A full build has to stay under six minutes on
# two cores.
set(PELTON_PRECOMPILED
  <algorithm> <chrono> <deque> <filesystem> <functional> <map> <memory> <optional> <set> <span> <string> <string_view>
  <vector> <fmt/format.h> ${PROJECT_SOURCE_DIR}/engine/base/result.h)

# engine_module(NAME dispatch SOURCES a.cpp b.cpp DEPS engine::model PRIVATE_DEPS fmt::fmt)
#
# One static library a folder, known to others as engine::NAME. DEPS are what its headers show,
# PRIVATE_DEPS what only its sources use: heavy libraries belong there. COLD: no event passes through it, so it is optimised
# less, which takes a third less time to compile.
function(engine_module)
  cmake_parse_arguments(ARG "COLD" "NAME" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(pelton_${ARG_NAME} STATIC ${ARG_SOURCES})
  add_library(engine::${ARG_NAME} ALIAS pelton_${ARG_NAME})
  target_include_directories(pelton_${ARG_NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(pelton_${ARG_NAME}
    PUBLIC ${ARG_DEPS}
    PRIVATE pelton_warnings ${ARG_PRIVATE_DEPS})
  target_compile_options(pelton_${ARG_NAME} PRIVATE -fpch-preprocess ${PELTON_HARDENING})
  if(ARG_COLD)
    target_compile_options(pelton_${ARG_NAME} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  endif()
  if(PELTON_UNITY)
    set_target_properties(pelton_${ARG_NAME} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 20)
  endif()
  if(ARG_NAME STREQUAL base)
    target_precompile_headers(pelton_base PRIVATE ${PELTON_PRECOMPILED})
  else()
    target_precompile_headers(pelton_${ARG_NAME} REUSE_FROM pelton_base)
  endif()
endfunction()

# pelton_test(NAME store_test LABEL unit SOURCES ... DEPS ...): a GoogleTest binary, one CTest entry a case. Not optimised.
function(pelton_test)
  cmake_parse_arguments(ARG "" "NAME;LABEL" "SOURCES;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main pelton_warnings)
  pelton_test_options(${ARG_NAME})
  target_precompile_headers(${ARG_NAME} REUSE_FROM pelton_test_headers)
  if(PELTON_UNITY)
    set_target_properties(${ARG_NAME} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  endif()
  gtest_discover_tests(${ARG_NAME} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300
                       DISCOVERY_TIMEOUT 60)
endfunction()

# A stack trace has names without debug information, too. -fPIE as executables have it: else a precompiled header of a library is not one for them.
function(pelton_test_options TARGET)
  target_compile_options(${TARGET} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0> $<$<CONFIG:RelWithDebInfo>:-g0> -fPIE -fpch-preprocess)
endfunction()
