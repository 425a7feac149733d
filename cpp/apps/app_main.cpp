// chatterlink-app, the standalone program.
#include <cstdio>
#include <exception>

#include "apps/programs.hpp"

int main(int argc, char** argv) try {
    return chatterlink::apps::run_app("chatterlink-app", {argv + (argc > 0 ? 1 : 0), argv + argc});
} catch (const std::exception& e) {
    std::fprintf(stderr, "chatterlink-app: %s\n", e.what());
    return 1;
}
