// The only file that knows where the clone is: all others compile to the same in another one (ccache).
#include "support/vectors.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace chatterlink::test {

std::string vector_file(const std::string& name) {
    std::ifstream file(CHATTERLINK_VECTORS "/" + name, std::ios::binary);
    if (!file) throw std::runtime_error("no file tests/vectors/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace chatterlink::test
