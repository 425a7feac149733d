#include "media/containers.hpp"

#include <gtest/gtest.h>

#include "media/image_bytes.hpp"

namespace chatterlink::media {
namespace {

using namespace testing;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(png_without_text, takes_out_text_chunks_and_nothing_else) {
    const std::string head = png_header(1, 1, 1);
    const std::string gamma = png_chunk("gAMA", "\0\0\xb1\x8f"sv);
    const std::string end = png_chunk("IEND", "");
    EXPECT_EQ(png_without_text(head + gamma + end), std::nullopt);
    EXPECT_EQ(png_without_text(png_chunk("tEXt", "")), std::nullopt) << "the signature is not a chunk";
    EXPECT_EQ(png_without_text(head + png_chunk("tEXt", "a\0b"sv) + gamma + png_chunk("zTXt", "") +
                               png_chunk("iTXt", "x") + end + png_chunk("tEXt", "late")),
              head + gamma + end);
}

TEST(png_without_text, leaves_a_damaged_rest_as_it_is) {
    const std::string start = png_header(1, 1, 1) + png_chunk("tEXt", "a");
    for (const auto rest :
         {"\xff\xff\xff\xfftEXt"sv, "\0\0\0\5tEXtabc"sv, "\0\0"sv, "\0\0\0\1tEXt\0\0\0\0"sv}) {
        EXPECT_EQ(png_without_text(start + std::string(rest)), png_header(1, 1, 1) + std::string(rest));
    }
    EXPECT_EQ(png_without_text(""), std::nullopt);
    EXPECT_EQ(png_without_text(png_signature), std::nullopt);
}

TEST(count_jpeg_scans, counts_what_begins_a_pass_over_the_image) {
    EXPECT_EQ(count_jpeg_scans(fixture("photo.jpg")), 1u);
    EXPECT_EQ(count_jpeg_scans(fixture("progressive.jpg")), 10u);
    for (const std::size_t scans : {0u, 1u, 7u}) EXPECT_EQ(count_jpeg_scans(jpeg_of_scans(scans)), scans);
}

TEST(count_jpeg_scans, goes_over_segments_and_bits_that_look_like_scans) {
    const std::string thumbnail = "\xff\xe1\0\6\xff\xda\0\2"s;  // as in EXIF
    const std::string bits = "\1\xff\0\xda\xff\xd3\xda"s;
    const std::string fill = "\xff\xff\xff"s;
    EXPECT_EQ(count_jpeg_scans("\xff\xd8"s + thumbnail + jpeg_scan + bits + fill + jpeg_scan + bits), 2u);
    EXPECT_EQ(count_jpeg_scans("\xff\xd8"s + jpeg_scan + "\xff\xd9"s + jpeg_scan), 1u) << "after the end";
    EXPECT_EQ(count_jpeg_scans("\xff\xd8\xff\xda\xff\xff"s), 1u) << "a segment longer than the file";
    EXPECT_EQ(count_jpeg_scans("\xff\xd8\xff\xda\0"s), 0u);
    EXPECT_EQ(count_jpeg_scans("\xff\xd8\xff"s), 0u);
    EXPECT_EQ(count_jpeg_scans(""), 0u);
}

TEST(outline_gif, counts_frames_of_a_whole_file) {
    for (const std::size_t frames : {0u, 1u, 7u}) {
        const gif_outline outline = outline_gif(gif_of_frames(frames));
        EXPECT_EQ(outline.frames, frames);
        EXPECT_TRUE(outline.whole);
    }
    EXPECT_EQ(outline_gif(fixture("animated.gif")).frames, 3u);
    const std::string behind_trailer = gif_of_frames(2) + gif_of_frames(9).substr(19);
    EXPECT_EQ(outline_gif(behind_trailer).frames, 2u);
}

TEST(outline_gif, is_not_whole_when_cut_anywhere_but_between_blocks) {
    const std::string gif = fixture("animated.gif");
    std::size_t whole = 0;
    for (std::size_t size = 0; size < gif.size(); ++size)
        whole += outline_gif(std::string_view(gif).substr(0, size)).whole;
    // Behind the colours, and behind each of the 3 frames and the extensions: comment, loop count, 3
    // controls.
    EXPECT_EQ(whole, 1u + 3u + 5u);
}

TEST(outline_gif, stops_at_a_block_it_does_not_know) {
    std::string gif = gif_of_frames(2);
    gif.back() = '\x55';
    EXPECT_FALSE(outline_gif(gif).whole);
    EXPECT_EQ(outline_gif(gif).frames, 2u);
}

std::string webp(const std::string& chunks) {
    std::string size = big_endian(static_cast<std::uint32_t>(chunks.size() + 4));
    return "RIFF" + std::string(size.rbegin(), size.rend()) + "WEBP" + chunks;
}

TEST(remove_webp_metadata, takes_the_chunks_and_their_flags_out) {
    const std::string canvas("\0\0\0\1\0\0\1\0\0", 9);
    const std::string picture("VP8 \3\0\0\0abc\0", 12);
    std::string bytes = webp("VP8X\x0a\0\0\0\x3e"s + canvas + "ICCP\1\0\0\0p\0"s + picture +
                             "EXIF\2\0\0\0ab"s + "XMP \1\0\0\0x\0"s + "ANMF\0\0\0\0"s);
    EXPECT_TRUE(remove_webp_metadata(bytes));
    EXPECT_EQ(bytes, webp("VP8X\x0a\0\0\0\x12"s + canvas + picture + "ANMF\0\0\0\0"s));
    const std::string clean = bytes;
    EXPECT_TRUE(remove_webp_metadata(bytes));
    EXPECT_EQ(bytes, clean);
}

TEST(remove_webp_metadata, refuses_a_container_that_does_not_add_up) {
    for (std::string bytes : {""s, "RIFF"s, webp("VP8 \3\0\0\0abc"s), webp("VP8 "s),
                              webp("VP8 \xff\xff\xff\xff"s), webp("VP8 \0\0\0\0"s) + "tail"}) {
        EXPECT_FALSE(remove_webp_metadata(bytes));
    }
}

}  // namespace
}  // namespace chatterlink::media
