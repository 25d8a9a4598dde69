# SPDX-License-Identifier: Apache-2.0
# What holds for every target: the language level, warnings, sanitizers, ccache.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(PELTON_WERROR "Treat warnings as errors" OFF)
option(PELTON_UNITY "Compile sources in batches: less for a full build, more for a single change" OFF)
set(PELTON_SANITIZE "" CACHE STRING "Sanitizers, as g++ names them: address,undefined or thread")

find_program(CCACHE ccache)
if(CCACHE)
  # Without that it does not keep what was compiled with a precompiled header.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

add_library(pelton_warnings INTERFACE)
# g++ 12 reports maybe-uninitialized of the storage of std::expected and restrict of std::string's operator+, and of a
# unity build's sources, which another one includes, subobject-linkage as if they were headers.
target_compile_options(pelton_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-maybe-uninitialized -Wno-restrict
  $<$<AND:$<BOOL:${PELTON_UNITY}>,$<COMPILE_LANGUAGE:CXX>>:-Wno-subobject-linkage>
  -Wimplicit-fallthrough
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual>
  $<$<BOOL:${PELTON_WERROR}>:-Werror>)

# What Debian builds its own packages with. Tests are not optimised, without which FORTIFY does nothing but warn.
if(NOT PELTON_SANITIZE)
  set(PELTON_HARDENING $<$<NOT:$<CONFIG:Debug>>:-fstack-protector-strong> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()

if(PELTON_SANITIZE)
  add_compile_options(-fsanitize=${PELTON_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PELTON_SANITIZE})
endif()
if(PELTON_SANITIZE STREQUAL thread)
  add_library(pelton_c11_threads OBJECT tests/sanitizers/c11_threads.c)
  link_libraries($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:pelton_c11_threads>>)
endif()
