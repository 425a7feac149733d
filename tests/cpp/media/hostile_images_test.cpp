// What a stranger may send: media::process() answers with upload_invalid, stays small, and goes on working.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "media/image_bytes.hpp"
#include "media/images.hpp"
#include "media/plugin_loader.hpp"

namespace chatterlink::media {
namespace {

using namespace testing;
using namespace std::string_literals;
using namespace std::string_view_literals;

void expect_invalid(std::string_view bytes, std::string_view sentence, const limits& bounds = {}) {
    const auto refused = process(bytes, bounds);
    ASSERT_TRUE(refused.has_error()) << "accepted, " << bytes.size() << " bytes";
    EXPECT_EQ(refused.error().code, base::errc::upload_invalid) << refused.error().message;
    EXPECT_NE(refused.error().message.find(sentence), std::string::npos) << refused.error().message;
}

std::string png_claiming(std::uint32_t width, std::uint32_t height, unsigned channels = 3,
                         bool interlaced = false, unsigned bits = 8) {
    return png_header(width, height, channels, interlaced, bits) +
           png_chunk("IDAT", zlib_stored(std::string(1000, '\0'))) + png_chunk("IEND", "");
}

TEST_F(image_processing, refuses_a_png_of_30000_by_30000_from_its_header_without_memory) {
    ASSERT_TRUE(
        process(png(pattern(5, 5)), {}).has_value());  // loads the plug-in, whose memory is not meant here
    std::ofstream("/proc/self/clear_refs") << "5";     // the peak starts again from what is held now
    const auto held = memory_kib("VmRSS");
    expect_invalid(png_claiming(30'000, 30'000), "30000 × 30000");
    const auto peak = memory_kib("VmHWM");
    if (!held || !peak) GTEST_SKIP() << "no /proc/self/status on this system";
    EXPECT_LT(*peak - *held, 8 * 1024) << "KiB; the pixels alone would be 2.6 million";
}

TEST_F(image_processing, refuses_too_many_pixels_too_long_sides_and_too_many_frames) {
    expect_invalid(png_claiming(10'000, 5'001), "at most 50000000 pixels");
    expect_invalid(png_claiming(16'385, 1), "a side may have at most 16384");
    expect_invalid(png_claiming(1, 16'385), "a side may have at most 16384");
    expect_invalid(png_claiming(5'000, 5'001, 4, false, 16), "at most 25000000 pixels");
    expect_invalid(png_claiming(5'000, 5'001, 4, true), "at most 25000000 pixels");
    expect_invalid(png_claiming(0x7fffffff, 0x7fffffff), "");
    expect_invalid(png_claiming(0, 1), "");
    expect_invalid(gif_of_frames(501), "501 frames; at most 500");

    limits two;
    two.max_frames = 2;
    expect_invalid(fixture("animated.webp"), "3 frames; at most 2", two);
    expect_invalid(fixture("animated.gif"), "3 frames; at most 2", two);
    limits few;
    few.max_pixels = 60 * 40 * 3 - 1;
    expect_invalid(fixture("animated.gif"), "3 frames of this animation is 60 × 40 pixels", few);
    expect_invalid(fixture("animated.webp"), "3 frames of this animation is 60 × 40 pixels", few);
    few.max_pixels = 800 * 600 * 2 - 1;
    expect_invalid(fixture("alpha.webp"), "800 × 600 pixels; at most 479999", few);
    few.max_pixels = 60 * 40 * 3;
    EXPECT_TRUE(process(fixture("animated.gif"), few).has_value());
    EXPECT_TRUE(process(fixture("animated.webp"), few).has_value());
}

// libjpeg would make them all before anybody asks whether the time is over.
TEST_F(image_processing, refuses_a_jpeg_with_more_scans_than_an_image_has) {
    expect_invalid(jpeg_of_scans(101), "101 scans; at most 100");
    expect_invalid(jpeg_of_scans(100), "damaged");
    limits few;
    few.max_scans = 9;
    expect_invalid(fixture("progressive.jpg"), "10 scans; at most 9", few);
    EXPECT_TRUE(process(fixture("progressive.jpg"), {}).has_value());
}

TEST_F(image_processing, refuses_a_gif_with_10000_frames_at_once_however_long_it_is) {
    expect_invalid(gif_of_frames(10'000), "10000 frames; at most 500");
    const std::string longest = gif_of_frames(600'000);
    const auto begin = std::chrono::steady_clock::now();
    expect_invalid(longest, "600000 frames");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
    EXPECT_TRUE(process(gif_of_frames(500), {}).has_value());
}

TEST_F(image_processing, does_not_inflate_compressed_png_text) {
    // Each inflates to a thousand times its size in a real attack; here it is enough that a broken one is not
    // noticed.
    const std::string bombs =
        png_chunk("zTXt", "k\0\0 this is no zlib stream"sv) + png_chunk("iTXt", "k\0\1\0\0\0 nor this"sv);
    const auto made = process(png(pattern(5, 5), bombs), {});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->bytes, process(png(pattern(5, 5)), {})->bytes);
}

TEST_F(image_processing, gives_up_on_an_image_that_takes_too_long) {
    limits hasty;
    hasty.max_time = std::chrono::milliseconds(0);
    expect_invalid(png(pattern(2'000, 2'000)), "takes too long", hasty);
    expect_invalid(fixture("photo.jpg"), "takes too long", hasty);  // one that is turned, thus decoded whole
}

TEST_F(image_processing, stops_when_told_to) {
    std::stop_source server;
    server.request_stop();
    const auto stopped = process(png(pattern(2'000, 2'000)), {}, server.get_token());
    ASSERT_TRUE(stopped.has_error());
    EXPECT_EQ(stopped.error().code, base::errc::shutting_down);
}

TEST_F(image_processing, refuses_files_that_stop_too_early) {
    const std::vector<std::string> whole{
        png(pattern(60, 60)),  fixture("photo.jpg"),     fixture("progressive.jpg"), fixture("animated.gif"),
        fixture("alpha.webp"), fixture("animated.webp"), fixture("cmyk.jpg")};
    for (const std::string& image : whole) {
        ASSERT_TRUE(process(image, {}).has_value());
        // Up to the last few bytes, which hold no pixels (a PNG's IEND, a GIF's trailer).
        for (std::size_t tenth = 0; tenth < 10; ++tenth) {
            expect_invalid(std::string_view(image).substr(0, 16 + (image.size() - 48) * tenth / 9),
                           "damaged or incomplete");
        }
    }
}

TEST_F(image_processing, refuses_a_magic_number_with_nothing_or_nonsense_behind_it) {
    std::string noise(5'000, '\0');
    std::mt19937 random(1);
    for (char& byte : noise) byte = static_cast<char>(random());
    for (const auto magic :
         {"\x89PNG\r\n\x1a\n"sv, "\xff\xd8\xff"sv, "\xff\xd8\xff\xd9"sv, "GIF87a"sv, "GIF89a"sv,
          "RIFF\0\0\0\0WEBPVP8 "sv, "RIFF\xff\xff\xff\xffWEBPVP8X"sv, "RIFF\xff\xff\xff\xffWEBPVP8L"sv}) {
        expect_invalid(magic, "damaged or incomplete");
        expect_invalid(std::string(magic) + noise, "damaged or incomplete");
    }
    expect_invalid(gif_of_frames(0), "damaged or incomplete");
}

TEST_F(image_processing, survives_every_kind_of_damage) {
    const std::vector<std::string> whole{png(pattern(40, 30, 4), png_orientation(6)),
                                         fixture("progressive.jpg"), fixture("animated.gif"),
                                         fixture("animated.webp")};
    std::mt19937 random(7);
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < 400; ++round) {
        std::string image = whole[static_cast<std::size_t>(round) % whole.size()];
        const auto hits = 1 + random() % 8;
        // The headers are where damage does most, so half of it goes there.
        for (unsigned i = 0; i < hits; ++i) {
            const std::size_t reach = i % 2 == 0 ? std::min<std::size_t>(image.size(), 200) : image.size();
            image[12 + random() % (reach - 12)] = static_cast<char>(random());
        }
        const auto outcome = process(image, {});
        if (outcome.has_value()) {
            ++accepted;
            EXPECT_EQ(sniff(outcome->bytes), outcome->type);
        } else {
            ++refused;
            const auto code = outcome.error().code;
            EXPECT_TRUE(code == base::errc::upload_invalid || code == base::errc::upload_unsupported)
                << outcome.error().message;
        }
    }
    EXPECT_GT(refused, 50);
    EXPECT_GT(accepted, 0) << "the damage was never survivable, so nothing but refusals was tried";
}

TEST_F(image_processing, loses_no_memory_to_damaged_webp) {
    // libvips 8.14 does not free its WebP encoder when the image breaks off while it is being written.
    const std::string whole = fixture("alpha.webp");
    std::string broken;
    for (std::size_t at = whole.size() / 2; at + 200 < whole.size() && broken.empty(); at += 50) {
        std::string damaged = whole;
        damaged.replace(at, 200, 200, '\x5a');
        const auto outcome = process(damaged, {});
        if (outcome.has_error() && outcome.error().code == base::errc::upload_invalid) broken = damaged;
    }
    ASSERT_FALSE(broken.empty()) << "no damage was found that only decoding finds";
    for (int i = 0; i < 5; ++i) expect_invalid(broken, "damaged");
    const auto before = memory_kib("VmRSS");
    if (!before) GTEST_SKIP() << "no /proc/self/status on this system";
    constexpr int rounds = 40;
    for (int i = 0; i < rounds; ++i) expect_invalid(broken, "damaged");
#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory for a while
    EXPECT_LT(*memory_kib("VmRSS") - *before, rounds * 500) << "KiB; each encoder holds some 2,000";
#endif
}

TEST_F(image_processing, works_on_four_threads_at_once) {
    const std::vector<std::string> images{fixture("photo.jpg"),         fixture("animated.gif"),
                                          fixture("alpha.webp"),        png(pattern(700, 90, 4)),
                                          png_claiming(30'000, 30'000), "no image"};
    std::vector<std::string> expected;
    for (const std::string& image : images) {
        const auto alone = process(image, {});
        expected.push_back(alone ? alone->bytes + alone->thumbnail : alone.error().message);
    }
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 3 * images.size(); ++i) {
                const std::size_t which = (i + t) % images.size();
                const auto made = process(images[which], {});
                if ((made ? made->bytes + made->thumbnail : made.error().message) != expected[which]) ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(load_plugin, says_what_is_missing_or_does_not_fit) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                         ("chatterlink-plugin-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    const auto absent = load_plugin({folder, "/nowhere"});
    ASSERT_TRUE(absent.has_error());
    EXPECT_EQ(absent.error().code, base::errc::internal);
    EXPECT_NE(absent.error().message.find("installed without"), std::string::npos) << absent.error().message;

    std::ofstream(folder / plugin_file_name) << "not a shared object";
    const auto unusable = load_plugin({folder});
    ASSERT_TRUE(unusable.has_error());
    EXPECT_EQ(unusable.error().code, base::errc::internal);
    EXPECT_NE(unusable.error().message.find("could not be loaded"), std::string::npos)
        << unusable.error().message;
    std::filesystem::remove_all(folder);
}

TEST_F(image_processing, finds_the_plugin_from_here) {
    const auto functions = load_plugin(plugin_folders());
    ASSERT_TRUE(functions.has_value()) << functions.error().message;
    EXPECT_EQ((*functions)->version, CHATTERLINK_IMAGES_PLUGIN_VERSION);
    for (const auto& folder : plugin_folders()) EXPECT_TRUE(folder.is_absolute()) << folder;
}

TEST_F(image_processing, gives_its_functions_to_a_server_of_its_version_only) {
    void* handle = nullptr;
    for (const auto& folder : plugin_folders()) {
        if (handle == nullptr) handle = dlopen((folder / plugin_file_name).c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    ASSERT_NE(handle, nullptr);
    const auto entry =
        reinterpret_cast<chatterlink_images_entry>(dlsym(handle, CHATTERLINK_IMAGES_PLUGIN_ENTRY));
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry(CHATTERLINK_IMAGES_PLUGIN_VERSION + 1), nullptr);
    EXPECT_EQ(entry(0), nullptr);
    EXPECT_NE(entry(CHATTERLINK_IMAGES_PLUGIN_VERSION), nullptr);
}

}  // namespace
}  // namespace chatterlink::media
