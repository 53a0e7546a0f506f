# cmake -DSOURCE= -DOUTPUT= -DGIT= -DPROGRAM= -DPRESET= -DCOMPILER= -DFLAGS= -P write_version.cmake
set(commit unknown)
set(dirty false)

function(git output)
  set(text "")
  if(GIT)
    execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE} ${ARGN}
      OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

# A source tree unpacked inside another repository is not described by that one's commit.
git(root rev-parse --show-toplevel)
file(REAL_PATH "${SOURCE}" here)
if(root STREQUAL here)
  git(head rev-parse --verify HEAD)
  if(head)
    set(commit ${head})
    git(changes status --porcelain)
    if(changes)
      set(dirty true)
    endif()
  endif()
endif()

function(literal output text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${output} "\"${text}\"" PARENT_SCOPE)
endfunction()
foreach(name PROGRAM PRESET COMPILER FLAGS)
  literal(${name} "${${name}}")
endforeach()

set(content "// Generated: what harness/base/version.h promises.
#include \"harness/base/version.h\"
namespace seqbench {
Version version() {
  return {.program = ${PROGRAM},
          .git_commit = \"${commit}\",
          .git_dirty = ${dirty},
          .preset = ${PRESET},
          .compiler = ${COMPILER},
          .flags = ${FLAGS}};
}
}  // namespace seqbench
")
set(before "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT before STREQUAL content)
  file(WRITE "${OUTPUT}" "${content}")
endif()
