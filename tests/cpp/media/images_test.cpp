// What an upload looks like after media::process(): the right kind and size, nothing of the original but its
// pixels.
#include "media/images.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "media/image_bytes.hpp"

namespace chatterlink::media {
namespace {

using namespace testing;
using namespace std::string_literals;
using namespace std::string_view_literals;

image processed(std::string_view bytes, const limits& bounds = {}) {
    auto done = process(bytes, bounds);
    if (done.has_error()) throw std::runtime_error(done.error().message);
    return std::move(*done);
}

::testing::AssertionResult free_of_metadata(const std::string& bytes) {
    for (const std::string_view trace :
         {"SECRET"sv, "Exif"sv, "EXIF"sv, "xmp"sv, "XMP "sv, "ICC_PROFILE"sv, "iCCP"sv, "ICCP"sv, "8BIM"sv,
          "tEXt"sv, "zTXt"sv, "iTXt"sv, "eXIf"sv, "script"sv, "S\0E\0C\0R\0E\0T"sv}) {
        if (bytes.find(trace) != bytes.npos) return ::testing::AssertionFailure() << "holds " << trace;
    }
    return ::testing::AssertionSuccess();
}

TEST(sniff, knows_the_four_types_by_their_first_bytes) {
    EXPECT_EQ(sniff(png(pattern(1, 1))), "image/png");
    EXPECT_EQ(sniff(fixture("photo.jpg")), "image/jpeg");
    EXPECT_EQ(sniff("GIF87a"), "image/gif");
    EXPECT_EQ(sniff("GIF89a"), "image/gif");
    EXPECT_EQ(sniff("RIFF\1\2\3\4WEBPVP8L"sv), "image/webp");
    EXPECT_EQ(extension_for("image/png"), ".png");
    EXPECT_EQ(extension_for("image/jpeg"), ".jpg");
    EXPECT_EQ(extension_for("image/gif"), ".gif");
    EXPECT_EQ(extension_for("image/webp"), ".webp");
}

TEST(sniff, knows_nothing_else) {
    for (const auto bytes : {""sv, "\x89PNG"sv, "\xff\xd8"sv, "GIF8"sv, "RIFF\0\0\0\0WAVEfmt "sv,
                             "RIFF\0\0\0\0WEBP"sv, "<svg xmlns="sv, "<!DOCTYPE html>"sv, "BM\0\0\0\0"sv,
                             "II*\0"sv, "MM\0*"sv, "%PDF-1.7"sv, "PK\3\4"sv, " GIF89a"sv,
                             "\0\0\0\x20"
                             "ftypavif"sv,
                             "\0\0\0\x0cJXL "sv}) {
        EXPECT_EQ(sniff(bytes), "") << bytes;
    }
    EXPECT_EQ(extension_for("text/html"), "");
    EXPECT_EQ(extension_for(""), "");
    for (const auto type : {"image/png", "image/jpeg", "image/gif", "image/webp"}) {
        EXPECT_EQ(type_for_extension("name" + std::string(extension_for(type))), type);
    }
    for (const auto* name : {"", "png", "a.PNG", "a.png.html", "a.svg", "a.jpeg"})
        EXPECT_EQ(type_for_extension(name), "");
}

TEST_F(image_processing, refuses_what_is_not_one_of_the_four_types_whatever_it_is_called) {
    for (const auto bytes : {"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"sv,
                             "<html><script>alert(1)</script></html>"sv, "BM\x46\0\0\0\0\0\0\0\x36\0\0\0"sv,
                             "II*\0\x08\0\0\0"sv, "%PDF-1.7\n"sv, "PK\3\4"sv, "hello"sv, ""sv}) {
        const auto refused = process(bytes, {});
        ASSERT_TRUE(refused.has_error()) << bytes;
        EXPECT_EQ(refused.error().code, base::errc::upload_unsupported) << bytes;
        EXPECT_FALSE(refused.error().message.empty());
    }
}

TEST_F(image_processing, keeps_the_pixels_of_a_png_and_its_transparency) {
    for (const unsigned channels : {1u, 2u, 3u, 4u}) {
        const image made = processed(png(pattern(50, 30, channels)));
        EXPECT_EQ(made.type, "image/png");
        EXPECT_EQ(size_of(made.bytes), extent(50, 30));
        EXPECT_EQ(made.width, 50u);
        EXPECT_EQ(made.height, 30u);
        EXPECT_EQ(made.bytes[25], png(pattern(1, 1, channels))[25]) << "colour type";
        // Encoded again it is the same: equal pixels give equal files, which the tests below rely on.
        EXPECT_EQ(processed(made.bytes).bytes, made.bytes);
        EXPECT_NE(processed(png(pattern(50, 31, channels))).bytes, made.bytes);
    }
}

TEST_F(image_processing, keeps_jpeg_webp_and_gif_as_what_they_are) {
    const image jpeg = processed(fixture("progressive.jpg"));
    EXPECT_EQ(jpeg.type, "image/jpeg");
    EXPECT_EQ(size_of(jpeg.bytes), extent(200, 100));
    EXPECT_EQ(sniff(jpeg.bytes), "image/jpeg");
    EXPECT_TRUE(jpeg.thumbnail.empty());

    const image webp = processed(fixture("alpha.webp"));
    EXPECT_EQ(webp.type, "image/webp");
    EXPECT_EQ(size_of(webp.bytes), extent(800, 600));

    const image gif = processed(gif_of_frames(1));
    EXPECT_EQ(gif.type, "image/gif");
    EXPECT_EQ(size_of(gif.bytes), extent(1, 1));
}

TEST_F(image_processing, turns_cmyk_into_an_image_browsers_show) {
    const image made = processed(fixture("cmyk.jpg"));
    EXPECT_EQ(made.type, "image/jpeg");
    const std::size_t frame = made.bytes.find("\xff\xc2"sv);
    ASSERT_NE(frame, made.bytes.npos) << "not progressive";
    EXPECT_EQ(made.bytes[frame + 9], 3) << "colour components";
}

TEST_F(image_processing, keeps_animations_with_their_times) {
    const image gif = processed(fixture("animated.gif"));
    EXPECT_EQ(size_of(gif.bytes), extent(60, 40));
    EXPECT_EQ(gif.height, 40u) << "of one frame";
    EXPECT_EQ(gif_delays(gif.bytes), (std::vector<std::uint32_t>{100, 200, 300}));
    EXPECT_NE(gif.bytes.find("NETSCAPE2.0\x03\x01\x02"sv), gif.bytes.npos) << "shown three times, as it came";

    const image webp = processed(fixture("animated.webp"));
    EXPECT_EQ(size_of(webp.bytes), extent(60, 40));
    EXPECT_EQ(webp.height, 40u);
    EXPECT_EQ(webp_delays(webp.bytes), (std::vector<std::uint32_t>{100, 200, 300}));
}

TEST_F(image_processing, drops_exif_with_gps_xmp_iptc_colour_profile_and_comments) {
    for (const char* name : {"photo.jpg", "alpha.webp", "animated.webp", "animated.gif"}) {
        const std::string original = fixture(name);
        ASSERT_FALSE(free_of_metadata(original)) << name << " proves nothing";
        const image made = processed(original);
        EXPECT_TRUE(free_of_metadata(made.bytes)) << name;
        EXPECT_TRUE(free_of_metadata(made.thumbnail)) << name;
    }
}

TEST_F(image_processing, drops_png_text_exif_and_colour_profile) {
    const std::string profile = fixture("red_is_green.icc");
    const std::string original =
        png(pattern(700, 20),
            png_chunk("iCCP", "SECRET\0\0"s + zlib_stored(profile)) + png_chunk("tEXt", "Author\0SECRET"sv) +
                png_chunk("zTXt", "Comment\0\0"s + zlib_stored("SECRET")) +
                png_chunk("iTXt", "XML:com.adobe.xmp\0\0\0\0\0SECRET"sv) + png_orientation(1));
    const image made = processed(original);
    EXPECT_TRUE(free_of_metadata(made.bytes));
    EXPECT_TRUE(free_of_metadata(made.thumbnail));
    EXPECT_FALSE(made.thumbnail.empty());
}

TEST_F(image_processing, converts_to_srgb_before_the_colour_profile_goes) {
    const auto square = [](std::string_view colour) {
        pixels made{8, 8};
        for (int i = 0; i < 64; ++i) made.bytes += colour;
        return made;
    };
    // Under this profile red and green are exchanged.
    const std::string profile = png_chunk("iCCP", "p\0\0"s + zlib_stored(fixture("red_is_green.icc")));
    const std::string shown = processed(png(square("\xff\0\0"sv), profile)).bytes;
    EXPECT_EQ(shown, processed(png(square("\0\xff\0"sv))).bytes);
    EXPECT_NE(shown, processed(png(square("\xff\0\0"sv))).bytes);
}

TEST_F(image_processing, ignores_a_broken_colour_profile) {
    const std::string broken = png_chunk("iCCP", "p\0\0"s + zlib_stored(std::string(300, 'x')));
    EXPECT_EQ(processed(png(pattern(8, 8), broken)).bytes, processed(png(pattern(8, 8))).bytes);
}

TEST_F(image_processing, turns_the_image_as_its_exif_orientation_says) {
    const pixels upright = pattern(20, 11);
    // Where the shown pixel (x, y) is stored, for each orientation (EXIF 2.3, tag 0x0112).
    struct turn {
        char orientation;
        bool swaps;
        std::function<extent(std::uint32_t, std::uint32_t)> from;
    };
    const std::uint32_t w = upright.width - 1;
    const std::uint32_t h = upright.height - 1;
    const std::vector<turn> turns{
        {1, false, [&](auto x, auto y) { return extent(x, y); }},
        {2, false, [&](auto x, auto y) { return extent(w - x, y); }},
        {3, false, [&](auto x, auto y) { return extent(w - x, h - y); }},
        {4, false, [&](auto x, auto y) { return extent(x, h - y); }},
        {5, true, [&](auto x, auto y) { return extent(y, x); }},
        {6, true, [&](auto x, auto y) { return extent(y, h - x); }},
        {7, true, [&](auto x, auto y) { return extent(w - y, h - x); }},
        {8, true, [&](auto x, auto y) { return extent(w - y, x); }},
    };
    for (const turn& t : turns) {
        pixels shown{t.swaps ? upright.height : upright.width, t.swaps ? upright.width : upright.height};
        for (std::uint32_t y = 0; y < shown.height; ++y) {
            for (std::uint32_t x = 0; x < shown.width; ++x) {
                const auto [from_x, from_y] = t.from(x, y);
                shown.bytes.append(upright.at(from_x, from_y), 3);
            }
        }
        const image made = processed(png(upright, png_orientation(t.orientation)));
        EXPECT_EQ(made.width, shown.width) << int{t.orientation};
        EXPECT_EQ(made.height, shown.height) << int{t.orientation};
        EXPECT_EQ(made.bytes, processed(png(shown)).bytes) << int{t.orientation};
    }
    const image photo = processed(fixture("photo.jpg"));
    EXPECT_EQ(size_of(photo.bytes), extent(500, 800));
    EXPECT_EQ(photo.width, 500u);
    EXPECT_EQ(size_of(photo.thumbnail), extent(400, 640));
}

TEST_F(image_processing, cuts_off_what_hides_behind_or_inside_an_image) {
    const std::string zip = "PK\3\4 SECRET archive PK\5\6";
    for (const std::string& original : {fixture("photo.jpg"), png(pattern(9, 9)), fixture("animated.gif")}) {
        const image made = processed(original + zip);
        EXPECT_EQ(made.bytes.find("PK\3\4"), made.bytes.npos);
        EXPECT_EQ(made.bytes, processed(original).bytes);
    }
    // A GIF that is also a script: "GIF89a/*" … "*/=alert(1)".
    std::string script = gif_of_frames(1);
    script.insert(19, "\x21\xfe\x1d*/=1;alert('SECRET script')//\0"sv);
    EXPECT_TRUE(free_of_metadata(processed(script).bytes));
}

TEST_F(image_processing, makes_a_thumbnail_of_images_larger_than_its_side_only) {
    EXPECT_TRUE(processed(png(pattern(640, 640))).thumbnail.empty());

    const image wide = processed(png(pattern(641, 320)));
    EXPECT_EQ(wide.thumbnail_type, "image/jpeg");
    EXPECT_EQ(sniff(wide.thumbnail), wide.thumbnail_type);
    EXPECT_EQ(size_of(wide.thumbnail), extent(640, 320));

    EXPECT_EQ(size_of(processed(png(pattern(200, 2000))).thumbnail), extent(64, 640));
    EXPECT_EQ(size_of(processed(png(pattern(5000, 1))).thumbnail), extent(640, 1)) << "no side becomes zero";
    EXPECT_EQ(size_of(processed(png(pattern(1, 5000))).thumbnail), extent(1, 640));

    limits small;
    small.thumbnail_side = 25;
    const image animated = processed(fixture("animated.gif"), small);
    EXPECT_EQ(size_of(animated.thumbnail), extent(25, 17)) << "of the first frame";
    for (const std::uint32_t side : {50u, 100u, 120u, 199u}) {  // JPEG may be scaled while it is decoded
        small.thumbnail_side = side;
        EXPECT_EQ(size_of(processed(fixture("progressive.jpg"), small).thumbnail).first, side);
    }
}

TEST_F(image_processing, keeps_transparency_in_the_thumbnail) {
    const image webp = processed(fixture("alpha.webp"));
    EXPECT_TRUE(webp.thumbnail_type == "image/webp" || webp.thumbnail_type == "image/png")
        << webp.thumbnail_type;
    EXPECT_EQ(size_of(webp.thumbnail), extent(640, 480));
    const image png_image = processed(png(pattern(700, 70, 4)));
    EXPECT_NE(png_image.thumbnail_type, "image/jpeg");
    EXPECT_EQ(size_of(png_image.thumbnail), extent(640, 64));
}

}  // namespace
}  // namespace chatterlink::media
