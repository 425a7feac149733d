// chatterlink-bench, the standalone program.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "load/errors.hpp"
#include "load/options.hpp"
#include "load/report.hpp"
#include "load/run.hpp"

namespace {

using namespace chatterlink::load;

constexpr const char* program = "chatterlink-bench";

void write(const report& r) {
    const auto& where = r.wanted.json;
    const std::string json = where.empty() ? "" : to_json(r).dump(2) + "\n";
    std::fputs((where == "-" ? json : summary(r)).c_str(), stdout);
    std::fflush(stdout);
    if (where.empty() || where == "-") return;
    std::FILE* const file = std::fopen(where.c_str(), "w");
    const bool written = file != nullptr && std::fputs(json.c_str(), file) >= 0;
    if ((file != nullptr && std::fclose(file) != 0) || !written)
        throw could_not_run("cannot write " + where + ": " + std::strerror(errno));
}

}  // namespace

int main(int argc, char** argv) try {
    const auto said = read_command(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
    if (!said.wanted) return said.exit_code;
    run measurement(*said.wanted);
    const auto result = measurement.measure();
    write(result);
    return result.verified() ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", program, e.what());
    return 2;
}
