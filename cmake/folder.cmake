# nsmap_folder(NAME DEPENDENCY...)
#
# Makes the static library nsmap_NAME from src/NAME/*.cc, linking the named folders, and, from
# src/NAME/*_test.cc, the test program NAME_test, whose tests carry the ctest label `unit`.
function(nsmap_folder name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*_test.cc)
  list(REMOVE_ITEM sources ${tests})
  list(TRANSFORM ARGN PREPEND nsmap_ OUTPUT_VARIABLE folders)

  if(sources)
    add_library(nsmap_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(nsmap_${name} PRIVATE nsmap_options)
  else()
    add_library(nsmap_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(nsmap_${name} ${scope} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(nsmap_${name} ${scope} ${folders} tl::expected)

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE nsmap_${name} nsmap_options GTest::gtest_main
                                               GTest::gmock)
    target_compile_definitions(${name}_test
                               PRIVATE NSMAP_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
                         PROPERTIES LABELS unit ENVIRONMENT "${NSMAP_TEST_ENVIRONMENT}")
  endif()
endfunction()
