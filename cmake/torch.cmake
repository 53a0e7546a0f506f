# LibTorch as imported targets of our own. The wheel's CMake package looks for a CUDA toolkit and stops
# where there is none; a CUDA wheel runs without one, so it is not used.
#
# SEQBENCH_TORCH: the folder of an installed `torch` package (holds include/ and lib/).
set(SEQBENCH_TORCH "$ENV{SEQBENCH_TORCH}" CACHE PATH "folder of an installed torch package")
if(NOT SEQBENCH_TORCH)
  find_program(SEQBENCH_TORCH_PYTHON NAMES python3 NO_CACHE REQUIRED)
  execute_process(
    COMMAND ${SEQBENCH_TORCH_PYTHON} ${CMAKE_SOURCE_DIR}/harness/setup.d/find_torch.py
    OUTPUT_VARIABLE SEQBENCH_TORCH OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(NOT EXISTS "${SEQBENCH_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch at '${SEQBENCH_TORCH}': run harness/setup, or set SEQBENCH_TORCH to the "
                      "folder of an installed torch package, 2.11 or later")
endif()

file(STRINGS "${SEQBENCH_TORCH}/version.py" line REGEX "^__version__")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" SEQBENCH_TORCH_VERSION "${line}")
if(SEQBENCH_TORCH_VERSION VERSION_LESS 2.11)
  message(FATAL_ERROR "LibTorch ${SEQBENCH_TORCH_VERSION} at ${SEQBENCH_TORCH}: 2.11 or later is needed")
endif()

add_library(seqbench_torch INTERFACE)
add_library(seqbench::torch ALIAS seqbench_torch)
target_include_directories(seqbench_torch SYSTEM INTERFACE
  ${SEQBENCH_TORCH}/include ${SEQBENCH_TORCH}/include/torch/csrc/api/include)
# Wheels from 2.7 on are built with the C++11 ABI, GCC's own default: the define only guards against a
# distribution that changed it.
# The wheel ships headers of an fmt of its own, found before the system's, but not their library.
target_compile_definitions(seqbench_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1 FMT_HEADER_ONLY=1)
target_link_options(seqbench_torch INTERFACE -Wl,-rpath,${SEQBENCH_TORCH}/lib -Wl,--allow-shlib-undefined)
# The wheel's libraries export pieces of another libstdc++ (std::filesystem). Found first, they mix with the system's: where the
# versions differ, removing a folder is a segmentation fault. So libstdc++ comes before them in the order of search.
target_link_options(seqbench_torch INTERFACE -Wl,--push-state,--no-as-needed,-lstdc++,--pop-state)
# libtorch.so only pulls in libtorch_cuda.so where the wheel has one; nothing refers to it by symbol.
target_link_libraries(seqbench_torch INTERFACE
  -Wl,--no-as-needed ${SEQBENCH_TORCH}/lib/libtorch.so -Wl,--as-needed
  ${SEQBENCH_TORCH}/lib/libtorch_cpu.so ${SEQBENCH_TORCH}/lib/libc10.so)

# CUDA's headers, of the wheel's own version: out of its packages beside it, or of a toolkit. Without them a GPU is used all the same,
# step by step.
set(SEQBENCH_CUDA_INCLUDE "")
if(EXISTS "${SEQBENCH_TORCH}/lib/libtorch_cuda.so")
  file(STRINGS "${SEQBENCH_TORCH}/version.py" line REGEX "^cuda")
  string(REGEX MATCH "([0-9]+)\\.[0-9]+" SEQBENCH_CUDA_VERSION "${line}")
  set(major ${CMAKE_MATCH_1})
  foreach(folder ${SEQBENCH_TORCH}/../nvidia/cu${major}/include ${SEQBENCH_TORCH}/../nvidia/cuda_runtime/include
                 /usr/local/cuda-${SEQBENCH_CUDA_VERSION}/include /usr/local/cuda/include)
    if(SEQBENCH_CUDA_INCLUDE OR NOT EXISTS ${folder}/cuda_runtime_api.h OR NOT EXISTS ${folder}/crt/host_config.h)
      continue()
    endif()
    file(STRINGS ${folder}/cuda_runtime_api.h line REGEX "define CUDART_VERSION")
    if(line MATCHES "CUDART_VERSION +${major}[0-9][0-9][0-9]")
      set(SEQBENCH_CUDA_INCLUDE ${folder})
    endif()
  endforeach()
  message(STATUS "CUDA ${SEQBENCH_CUDA_VERSION}: headers in '${SEQBENCH_CUDA_INCLUDE}'")
endif()

# Light: tensors and single operators, no umbrella. PyTorch's own guard stops anything wider.
add_library(seqbench_torch_light INTERFACE)
target_link_libraries(seqbench_torch_light INTERFACE seqbench_torch)
target_compile_definitions(seqbench_torch_light INTERFACE AT_PER_OPERATOR_HEADERS TORCH_ASSERT_ONLY_METHOD_OPERATORS)
