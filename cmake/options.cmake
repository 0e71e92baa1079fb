# Warnings, sanitizers and ccache, as one interface target that every target of ours links.
set(NSMAP_SANITIZE "" CACHE STRING "Sanitizers, as given to -fsanitize=")
option(NSMAP_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_library(nsmap_options INTERFACE)
target_compile_options(nsmap_options INTERFACE -Wall -Wextra -Wshadow -Wconversion
                                               -Wnon-virtual-dtor -Werror)
# GCC 12: false alarms (PR 105651). Clang's -Wconversion includes what GCC's for C++ does not.
target_compile_options(
  nsmap_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                          $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
if(NSMAP_SANITIZE)
  # Options for every target, libraries fetched by find_package excepted: they are prebuilt.
  add_compile_options(-fsanitize=${NSMAP_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NSMAP_SANITIZE})
endif()
# What a test runs with: leaks that are not ours are not findings.
set(NSMAP_TEST_ENVIRONMENT
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")
if(NSMAP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
