# seqbench_version: harness/base/version.h as one object. The commit is looked up at every build, the object is
# recompiled only when what it says has changed.
set(SEQBENCH_VERSION_SOURCE ${CMAKE_BINARY_DIR}/generated/version.cpp)
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}" build_flags)
find_package(Git QUIET)

add_custom_target(seqbench_version_source
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${SEQBENCH_VERSION_SOURCE} -DGIT=${GIT_EXECUTABLE}
    -DPROGRAM=${PROJECT_VERSION} -DPRESET=${SEQBENCH_PRESET}
    "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" "-DFLAGS=${build_flags}"
    -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${SEQBENCH_VERSION_SOURCE} VERBATIM)

add_library(seqbench_version STATIC ${SEQBENCH_VERSION_SOURCE})
add_dependencies(seqbench_version seqbench_version_source)
target_link_libraries(seqbench_version PRIVATE seqbench_flags)
add_library(seqbench::version ALIAS seqbench_version)
