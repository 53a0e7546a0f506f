#include "harness/base/environment.h"

#include "harness/base/error.h"
#include "harness/base/sha256.h"

namespace seqbench {
namespace {

std::string class_of(const Json& facts) { return sha256_hex(canonical_json(facts)).substr(0, 16); }

Json detail(const Json& details, const char* name) { return details.contains(name) ? details.at(name) : Json(); }

}  // namespace

std::string Environment::numerics_class() const {
  return class_of({{"device", device},
                   {"threads", threads},
                   {"torch", torch},
                   {"cpu_capability", cpu_capability},
                   {"deterministic", deterministic}});
}

std::string Environment::machine_class() const {
  return class_of({{"cpu", cpu},
                   {"cores", detail(details, "cores")},
                   {"memory_gib", detail(details, "memory_gib")},
                   {"device", device}});
}

std::string Environment::sha256() const { return sha256_hex(canonical_json(to_json())); }

Json Environment::to_json() const {
  return {{"program", program},
          {"git_commit", git_commit},
          {"git_dirty", git_dirty},
          {"preset", preset},
          {"compiler", compiler},
          {"torch", torch},
          {"cpu", cpu},
          {"cpu_capability", cpu_capability},
          {"threads", threads},
          {"device", device},
          {"driver", driver},
          {"deterministic", deterministic},
          {"details", details}};
}

Environment Environment::from_json(const Json& json) {
  Environment environment;
  try {
    json.at("program").get_to(environment.program);
    json.at("git_commit").get_to(environment.git_commit);
    json.at("git_dirty").get_to(environment.git_dirty);
    json.at("preset").get_to(environment.preset);
    json.at("compiler").get_to(environment.compiler);
    json.at("torch").get_to(environment.torch);
    json.at("cpu").get_to(environment.cpu);
    json.at("cpu_capability").get_to(environment.cpu_capability);
    json.at("threads").get_to(environment.threads);
    json.at("device").get_to(environment.device);
    json.at("driver").get_to(environment.driver);
    json.at("deterministic").get_to(environment.deterministic);
    environment.details = json.at("details");
  } catch (const Json::exception& error) {
    throw InputError(std::string("environment: ") + error.what());
  }
  if (!environment.details.is_object()) throw InputError("environment: 'details' must be an object");
  return environment;
}

}  // namespace seqbench
