# cmake -DOUTPUT=... -DFOLDER=... -P embed_migrations.cmake
# Writes the migrations NNN_name.sql of FOLDER into a C++ source, in order of their numbers.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(rows "")
set(expected 0)
foreach(path IN LISTS files)
  get_filename_component(stem ${path} NAME_WE)
  math(EXPR expected "${expected} + 1")
  if(NOT stem MATCHES "^([0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${path}: a migration is named NNN_name.sql")
  endif()
  set(name ${CMAKE_MATCH_2})
  math(EXPR version "1${CMAKE_MATCH_1} - 1000")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${path}: migrations are numbered from 1 without gaps, expected ${expected}")
  endif()
  file(READ ${path} text)
  string(APPEND rows "    {${version}, \"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from harness/store/migrations.
#include \"harness/store/migrate.h\"

namespace seqbench::store {

std::span<const Migration> migrations() {
  static constexpr Migration kMigrations[] = {
${rows}  };
  return kMigrations;
}

}  // namespace seqbench::store
")
