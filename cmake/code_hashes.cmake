# Hashes of the sources that determine a result (harness/base/code_hashes.h), written at build time.
set(SEQBENCH_CODE_HASHES ${CMAKE_BINARY_DIR}/generated/code_hashes.cpp)
file(GLOB_RECURSE hashed CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/harness/base/*.[ch]* ${CMAKE_SOURCE_DIR}/harness/contract/*.[ch]*
  ${CMAKE_SOURCE_DIR}/harness/tensors/*.[ch]*
  ${CMAKE_SOURCE_DIR}/harness/data/*.[ch]* ${CMAKE_SOURCE_DIR}/harness/train/*.[ch]*
  ${CMAKE_SOURCE_DIR}/harness/analyze/*.[ch]* ${CMAKE_SOURCE_DIR}/harness/run/*.[ch]* ${CMAKE_SOURCE_DIR}/harness/table/*.[ch]*
  ${CMAKE_SOURCE_DIR}/models/*.[ch]* ${CMAKE_SOURCE_DIR}/tasks/*.[ch]*)
add_custom_command(OUTPUT ${SEQBENCH_CODE_HASHES}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/cmake/code_hashes.py ${CMAKE_SOURCE_DIR} ${SEQBENCH_CODE_HASHES}
  DEPENDS ${hashed} ${CMAKE_SOURCE_DIR}/cmake/code_hashes.py VERBATIM)
add_library(seqbench_code_hashes STATIC ${SEQBENCH_CODE_HASHES})
target_include_directories(seqbench_code_hashes PRIVATE ${CMAKE_SOURCE_DIR})
