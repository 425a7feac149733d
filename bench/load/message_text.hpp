// The text of a message: fields of fixed width behind a marker, so that a receiver finds and reads them in
// whatever a server wraps around the text, without parsing that.
//
//     cLb:RRRR  SSSS    NNNNNNNN  TTTTTTTTTTTTTTTT  .........
//     marker    sender  sequence  scheduled time    padding up to --size
//
// All numbers are hexadecimal, in lower case; RRRR is the run's, so that what another run left behind is not
// taken for this one's. Nothing in it is escaped in JSON or differs between bytes and characters.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "load/clock.hpp"

namespace chatterlink::load {

/// The shortest text: the fields without any padding.
inline constexpr std::size_t least_text_size = 36;

/// The sender of a text that only asks whether messages get through; it is in nobody's sequence.
inline constexpr std::uint32_t probe_sender = 0xFFFF;

struct text_fields {
    std::uint32_t sender = 0;
    std::uint32_t seq = 0;      // 1, 2, 3 … of each sender
    nanoseconds scheduled = 0;  // when it was due to be sent

    bool operator==(const text_fields&) const = default;
};

/// Writes and reads the texts of one run. Not thread-safe.
class message_text {
  public:
    /// `run` tells runs apart (its low 16 bits count); `size` is in bytes, at least least_text_size.
    message_text(std::uint32_t run, std::size_t size);

    std::size_t size() const noexcept { return text_.size(); }

    /// The text with these fields; holds until the next call.
    std::string_view write(const text_fields& fields) noexcept;

    /// The fields of the text that is somewhere in `payload`; nothing when no marker of this run is there.
    /// `intact` becomes false when the text is cut short or its padding is not as it was written.
    std::optional<text_fields> read(std::string_view payload, bool& intact) noexcept {
        // Nearly always it is where it was the last time.
        const char* at = payload.data() + hint_;
        if (payload.size() < hint_ + marker_size || std::memcmp(at, text_.data(), marker_size) != 0) {
            const auto found = payload.find(std::string_view(text_.data(), marker_size));
            if (found == std::string_view::npos) return std::nullopt;
            at = payload.data() + found;
            hint_ = found;
        }
        if (payload.size() - hint_ < text_.size()) {
            intact = false;
            return text_fields{};
        }
        intact = std::memcmp(at + least_text_size, text_.data() + least_text_size,
                             text_.size() - least_text_size) == 0;
        const char* const numbers = at + marker_size;
        return text_fields{eight_digits(numbers) >> 16U, eight_digits(numbers + 4),
                           static_cast<nanoseconds>(std::uint64_t{eight_digits(numbers + 12)} << 32U |
                                                    eight_digits(numbers + 20))};
    }

  private:
    static constexpr std::size_t marker_size = 8;

    // Eight hexadecimal digits at once. What is no digit gives some other number, which the sequence or the
    // latency then shows.
    static std::uint32_t eight_digits(const char* text) noexcept {
        static_assert(std::endian::native == std::endian::little);
        std::uint64_t v = 0;
        std::memcpy(&v, text, sizeof v);
        v = (v & 0x0F0F0F0F0F0F0F0FU) + 9 * (v >> 6U & 0x0101010101010101U);
        v = (v << 4U | v >> 8U) & 0x00FF00FF00FF00FFU;
        v = (v << 8U | v >> 16U) & 0x0000FFFF0000FFFFU;
        return static_cast<std::uint32_t>(v << 16U | v >> 32U);
    }

    std::string text_;
    std::size_t hint_ = 0;  // where the last text began in its payload
};

}  // namespace chatterlink::load
