# cmake -DOUTPUT=... -DFOLDER=... -DSCRIPT=... -P embed.cmake
# Writes the files of FOLDER (*.css, *.js, *.tpl) and SCRIPT, all ASCII, into a C++ source as named texts; in parts,
# since compilers need not take long literals.
file(GLOB files ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.tpl)
set(rows "")
foreach(path IN LISTS files SCRIPT)
  get_filename_component(name ${path} NAME)
  file(READ ${path} text)
  string(LENGTH "${text}" length)
  string(APPEND rows "    {\"${name}\",")
  foreach(start RANGE 0 ${length} 12000)
    string(SUBSTRING "${text}" ${start} 12000 part)
    string(APPEND rows " R\"embed(${part})embed\"")
  endforeach()
  string(APPEND rows "},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from reports/pages.
#include \"reports/page_files.h\"

namespace seqbench::reports {

std::span<const PageFile> page_files() {
  static constexpr PageFile kFiles[] = {
${rows}  };
  return kFiles;
}

}  // namespace seqbench::reports
")
