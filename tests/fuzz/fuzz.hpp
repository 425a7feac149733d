// What every fuzz target is made of: fuzz() gets libFuzzer's bytes and checks what must hold for any of them.
// A broken rule ends the process with its sentence; libFuzzer then saves the input. No global state is kept
// between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatterlink::fuzzing {

/// The target: one per program.
void fuzz(std::string_view input);

/// Ends the process unless `holds`; `rule` is the sentence that is broken.
void require(bool holds, const char* rule);

/// True when `part` lies inside `whole` (an empty part lies anywhere).
bool inside(std::string_view part, std::string_view whole) noexcept;

/// UTF-8 as RFC 3629 §4 has it, by decoding, so that it is another reading than the checks under test.
bool is_utf8(std::string_view text) noexcept;

/// Cuts bytes into pieces of sizes that the input itself chooses, the same for the same input: a decoder must
/// not depend on where the network cut.
class cutter {
  public:
    explicit cutter(std::string_view bytes) noexcept : left_(bytes) {
        for (const char c : bytes) state_ = state_ * 31 + static_cast<unsigned char>(c);
    }
    bool done() const noexcept { return left_.empty(); }
    std::string_view next() noexcept;

  private:
    std::string_view left_;
    std::uint32_t state_ = 1;
};

}  // namespace chatterlink::fuzzing
