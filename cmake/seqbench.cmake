# How a library, an entry table and a test are declared.

# Warnings and flags of our own code; torch and the others come in as SYSTEM.
add_library(seqbench_flags INTERFACE)
target_compile_options(seqbench_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wmissing-declarations
  -Wnon-virtual-dtor -Woverloaded-virtual -Wundef -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 at -O2 warns of every std::optional that it inlines.
  target_compile_options(seqbench_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(SEQBENCH_WERROR)
  target_compile_options(seqbench_flags INTERFACE -Werror)
endif()
target_include_directories(seqbench_flags INTERFACE ${CMAKE_SOURCE_DIR})

# seqbench_find_library(htslib HEADER htslib/bgzf.h NAME hts NEEDS ...): a library that brings no CMake package.
# NEEDS is for a static one.
function(seqbench_find_library target)
  cmake_parse_arguments(ARG "" "HEADER;NAME" "NEEDS" ${ARGN})
  find_path(SEQBENCH_${target}_INCLUDE ${ARG_HEADER} REQUIRED)
  find_library(SEQBENCH_${target}_LIBRARY ${ARG_NAME} REQUIRED)
  mark_as_advanced(SEQBENCH_${target}_INCLUDE SEQBENCH_${target}_LIBRARY)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${SEQBENCH_${target}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SEQBENCH_${target}_INCLUDE} INTERFACE_LINK_LIBRARIES "${ARG_NEEDS}")
endfunction()

# seqbench_add_library(NAME store SOURCES ... PUBLIC ... PRIVATE ... TORCH none|light|heavy)
# makes seqbench_store with the alias seqbench::store. Heavy targets are built in unity batches where
# SEQBENCH_UNITY is on.
function(seqbench_add_library)
  cmake_parse_arguments(ARG "" "NAME;TORCH" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target seqbench_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(seqbench::${ARG_NAME} ALIAS ${target})
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE seqbench_flags ${ARG_PRIVATE})
  set_target_properties(${target} PROPERTIES SEQBENCH_TORCH_USE ${ARG_TORCH})
  seqbench_use_torch(${target} ${ARG_TORCH})
endfunction()

function(seqbench_use_torch target use)
  if(use STREQUAL "light")
    target_link_libraries(${target} PRIVATE seqbench_torch_light)
  elseif(use STREQUAL "heavy")
    target_link_libraries(${target} PRIVATE seqbench_torch)
    if(SEQBENCH_UNITY)
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    endif()
  elseif(NOT use STREQUAL "none")
    message(FATAL_ERROR "${target}: TORCH must be none, light or heavy, got '${use}'")
  endif()
endfunction()

# seqbench_add_entries(NAME models DIR models TYPE Model TORCH heavy PUBLIC ...)
# Every .cpp directly in DIR, and in a folder of it those whose stem is the folder's name or begins with it and
# '_', is an entry; all other .cpp files, and those of shared folders, are plain sources. Writes the sorted table that
# NAME_table() returns. Adding a file is picked up by a plain rebuild. APART are folders that are libraries of their own.
function(seqbench_add_entries)
  cmake_parse_arguments(ARG "" "NAME;DIR;TYPE;TORCH" "PUBLIC;PRIVATE;APART" ${ARGN})
  file(GLOB_RECURSE sources RELATIVE ${CMAKE_SOURCE_DIR}/${ARG_DIR} CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/${ARG_DIR}/*.cpp)
  foreach(folder ${ARG_APART})
    list(FILTER sources EXCLUDE REGEX "^${folder}/")
  endforeach()
  list(SORT sources)
  string(TOLOWER ${ARG_TYPE}s prefix)  # the macro's: models_, tasks_
  set(declarations "")
  set(rows "")
  foreach(source ${sources})
    get_filename_component(stem ${source} NAME_WE)
    get_filename_component(folder ${source} DIRECTORY)
    if(NOT stem MATCHES "^[a-z][a-z0-9_]*$")
      message(FATAL_ERROR "${ARG_DIR}/${source}: a file is named in snake_case")
    endif()
    if(folder MATCHES "^(blocks|data|tokenizers|weights|pretrained)$")
      continue()  # what entries share
    endif()
    if(folder STREQUAL "" OR stem STREQUAL folder OR stem MATCHES "^${folder}_")
      string(APPEND declarations "${ARG_TYPE}Entry ${prefix}_${stem}();\n")
      string(APPEND rows "    {\"${stem}\", &${prefix}_${stem}},\n")
    endif()
  endforeach()
  set(table ${CMAKE_BINARY_DIR}/generated/${ARG_NAME}_table.cpp)
  string(TOLOWER ${ARG_TYPE} header)
  file(CONFIGURE OUTPUT ${table} @ONLY CONTENT "// Generated from the files in @ARG_DIR@.
#include \"harness/contract/@header@.h\"
namespace seqbench {
@declarations@
std::span<const Named@ARG_TYPE@> @ARG_NAME@_table();
std::span<const Named@ARG_TYPE@> @ARG_NAME@_table() {
  static constexpr Named@ARG_TYPE@ kTable[] = {
@rows@  };
  return kTable;
}
}  // namespace seqbench
")
  list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/${ARG_DIR}/)
  seqbench_add_library(NAME ${ARG_NAME} SOURCES ${sources} ${table} TORCH ${ARG_TORCH}
    PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  set_source_files_properties(${table} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
