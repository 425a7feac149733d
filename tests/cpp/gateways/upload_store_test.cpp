#include "gateways/upload_store.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "support/vectors.hpp"

namespace chatterlink::gateways {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
namespace fs = std::filesystem;
using base::errc;
using outcome = base::result<chat::upload>;

std::string contents(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

unsigned mode_of(const fs::path& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777u : 0u;
}

// Stands in for media::process: no decoding, but every outcome it can have.
base::result<media::image> fake_process(std::string_view bytes, const media::limits&, std::stop_token) {
    if (bytes == "broken") return base::fail(errc::upload_invalid, "broken");
    if (bytes == "throws") throw std::bad_alloc();
    media::image made{"image/png", "clean " + std::string(bytes), 30, 20, "", ""};
    if (bytes.starts_with("large")) {
        made.thumbnail = "small";
        made.thumbnail_type = "image/jpeg";
    }
    return made;
}

// A door in front of fake_process: what goes in waits until it is opened, or until the store says stop.
class door {
  public:
    auto process() {
        return [this](std::string_view bytes, const media::limits& bounds,
                      std::stop_token stop) -> base::result<media::image> {
            std::unique_lock lock(mutex_);
            ++inside_;
            changed_.notify_all();
            while (!changed_.wait_for(lock, 5ms, [&] { return open_; })) {
                if (stop.stop_requested()) return base::fail(errc::shutting_down, "stopped");
            }
            return fake_process(bytes, bounds, stop);
        };
    }
    void wait_until_somebody_is_inside() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return inside_ > 0; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int inside_ = 0;
    bool open_ = false;
};

class upload_store_test : public ::testing::Test {
  protected:
    void SetUp() override {
        base::init_random();
        folder_ = fs::temp_directory_path() / ("chatterlink-uploads-" + base::random_token(9));
    }
    void TearDown() override { fs::remove_all(folder_.parent_path() / folder_.filename()); }

    upload_store_options options() const {
        upload_store_options made;
        made.folder = folder_;
        made.process = fake_process;
        return made;
    }
    std::unique_ptr<upload_store> open() const { return open(options()); }
    static std::unique_ptr<upload_store> open(upload_store_options with) {
        return std::move(open_upload_store(std::move(with)).value());
    }
    static std::future<outcome> put(upload_store& store, std::string bytes,
                                    std::optional<std::string> name = "cat.png") {
        auto promise = std::make_shared<std::promise<outcome>>();
        store.put(std::move(bytes), std::move(name),
                  [promise](outcome o) { promise->set_value(std::move(o)); });
        return promise->get_future();
    }

    fs::path folder_;
};

TEST(is_upload_name, accepts_what_the_store_makes) {
    for (const auto name : {"01HF3Z9Q2K.png", "a.jpg", "A-b_c.gif", "-_t.webp", "0_t.png"})
        EXPECT_TRUE(is_upload_name(name)) << name;
}

TEST(is_upload_name, refuses_every_other_way_to_name_a_file) {
    const std::string longest(64, 'a');
    EXPECT_TRUE(is_upload_name(longest + ".png"));
    for (const std::string& name : {""s,
                                    "."s,
                                    ".."s,
                                    ".png"s,
                                    "../a.png"s,
                                    "..%2fa.png"s,
                                    "%2e%2e%2fa.png"s,
                                    "/etc/passwd"s,
                                    "/a.png"s,
                                    "a/b.png"s,
                                    "a\\b.png"s,
                                    "a.png\0"s,
                                    "a\0.png"s,
                                    "a%00.png"s,
                                    "a.png%00"s,
                                    "a\r\nX: y.png"s,
                                    "a.png\n"s,
                                    " a.png"s,
                                    "a.png "s,
                                    "a..png"s,
                                    "a.b.png"s,
                                    ".a.png"s,
                                    ".new-abc"s,
                                    ".new-abc.png"s,
                                    "a.html"s,
                                    "a.svg"s,
                                    "a.PNG"s,
                                    "a.jpeg"s,
                                    "a"s,
                                    "a.png.html"s,
                                    "C:a.png"s,
                                    "a.png::$DATA"s,
                                    "~a.png"s,
                                    "\xc3\xa9.png"s,
                                    "chatterlink.db"s,
                                    longest + "a.png",
                                    std::string(10'000, 'a') + ".png",
                                    std::string(10'000, '.'),
                                    std::string(3'000, '/') + "a.png"}) {
        EXPECT_FALSE(is_upload_name(name)) << name.substr(0, 80);
    }
}

TEST(display_name, keeps_an_ordinary_name) {
    for (const auto name : {"cat.png", "My holiday (1).jpg", "na\u00efve \u65e5\u672c\u8a9e \U0001F600.gif",
                            "no ending", ".hidden.png", "<b>&\"'.png"}) {
        EXPECT_EQ(display_name(name), name);
    }
}

TEST(display_name, keeps_the_last_path_element_only) {
    EXPECT_EQ(display_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(display_name("C:\\Users\\me\\cat.png"), "cat.png");
    EXPECT_EQ(display_name("/a\\b/c.png"), "c.png");
    EXPECT_EQ(display_name("%2e%2e%2fcat.png"), "%2e%2e%2fcat.png") << "nothing is decoded a second time";
    for (const auto name : {"", "/", "..", "../", "a/", "...", " ", "\r\n", "\xff\xfe"})
        EXPECT_EQ(display_name(name), "image");
}

TEST(display_name, drops_what_hides_deceives_or_breaks_lines) {
    EXPECT_EQ(display_name("a\r\nSet-Cookie: x.png"), "aSet-Cookie: x.png");
    EXPECT_EQ(display_name("a\0b\x1b[31m\x7f.png"sv), "ab[31m.png");
    EXPECT_EQ(display_name("a\u202egnp.exe"), "agnp.exe") << "right-to-left override";
    EXPECT_EQ(display_name("a\u200b\u200d\ufeff\u2066\u00ad\u3164\u115fb"), "ab")
        << "zero width, isolates, fillers";
    EXPECT_EQ(display_name("a\u2028b\u2029c\u0085d"), "abcd") << "line separators";
    EXPECT_EQ(display_name("a\u00a0b\u3000c"), "a b c") << "other spaces";
    EXPECT_EQ(display_name("  a.png \u2003"), "a.png");
    EXPECT_EQ(display_name("a\xff"
                           "b\xc3.png\xed\xa0\x80\xc0\xaf"),
              "ab.png")
        << "not UTF-8";
}

TEST(display_name, cuts_a_long_name_and_keeps_its_ending) {
    const std::string cut = display_name(std::string(10'000, 'a') + ".png");
    EXPECT_EQ(cut, std::string(115, 'a') + "\u2026.png");
    EXPECT_EQ(display_name(std::string(10'000, 'a')), std::string(119, 'a') + "\u2026");
    EXPECT_EQ(display_name("a." + std::string(10'000, 'b')), "a." + std::string(117, 'b') + "\u2026");
    EXPECT_EQ(display_name(std::string(116, 'a') + ".png"), std::string(116, 'a') + ".png")
        << "120 are not cut";
    std::string emoji;
    for (int i = 0; i < 121; ++i) emoji += "\U0001F600";
    EXPECT_EQ(display_name(emoji).size(), 119 * 4 + 3u) << "characters are counted, not bytes";
}

TEST_F(upload_store_test, keeps_an_image_and_its_thumbnail_under_names_of_its_own) {
    const auto store = open();
    const auto kept = put(*store, "large one", "../holiday.png").get().value();
    EXPECT_TRUE(is_upload_name(kept.name)) << kept.name;
    EXPECT_TRUE(kept.name.ends_with(".png"));
    const std::string id = kept.name.substr(0, kept.name.size() - 4);
    EXPECT_EQ(kept.thumbnail, id + "_t.jpg");
    EXPECT_GE(id.size(), 10 + 22u) << "128 random bits";
    EXPECT_EQ(kept.original, "holiday.png");
    EXPECT_EQ(kept.type, "image/png");
    EXPECT_EQ(kept.size, "clean large one"sv.size()) << "of what is served";
    EXPECT_EQ(kept.width, 30u);
    EXPECT_EQ(kept.height, 20u);
    EXPECT_EQ(contents(store->folder() / kept.name), "clean large one");
    EXPECT_EQ(contents(store->folder() / kept.thumbnail), "small");
    EXPECT_EQ(mode_of(folder_ / kept.name), 0600u);
    EXPECT_EQ(mode_of(folder_ / kept.thumbnail), 0600u);
    EXPECT_EQ(mode_of(folder_), 0700u);
    EXPECT_EQ(names_in(folder_).size(), 2u) << "no temporary file is left";
}

TEST_F(upload_store_test, makes_no_thumbnail_name_without_a_thumbnail) {
    const auto store = open();
    const auto kept = put(*store, "one", std::nullopt).get().value();
    EXPECT_EQ(kept.thumbnail, "");
    EXPECT_EQ(kept.original, "image");
    EXPECT_EQ(names_in(folder_), std::vector<std::string>{kept.name});
}

TEST_F(upload_store_test, never_uses_a_name_twice) {
    const auto store = open();
    std::vector<std::future<outcome>> all;
    for (int i = 0; i < 60; ++i) all.push_back(put(*store, "one"));
    std::set<std::string> names;
    for (auto& one : all) names.insert(one.get().value().name);
    EXPECT_EQ(names.size(), 60u);
    EXPECT_EQ(names_in(folder_).size(), 60u);
}

TEST_F(upload_store_test, hands_on_why_an_image_is_refused_and_goes_on) {
    const auto store = open();
    EXPECT_EQ(put(*store, "broken").get().error().code, errc::upload_invalid);
    EXPECT_EQ(put(*store, "throws").get().error().code, errc::internal);
    EXPECT_TRUE(put(*store, "one").get().has_value());
    EXPECT_EQ(names_in(folder_).size(), 1u);
}

TEST_F(upload_store_test, goes_on_after_a_completion_that_throws) {
    const auto store = open();
    store->put("one", "a", [](const outcome&) { throw std::runtime_error("not allowed"); });
    EXPECT_TRUE(put(*store, "one").get().has_value());
}

TEST_F(upload_store_test, processes_real_images) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "libvips is not built for sanitizers and its threads upset them";
#endif
    auto with = options();
    with.process = media::process;
    const auto store = open(std::move(with));
    EXPECT_EQ(put(*store, "<svg/>").get().error().code, errc::upload_unsupported);
    const auto kept = put(*store, test::vector_file("images/photo.jpg"), "photo.gif").get();
    if (kept.has_error() && kept.error().code == errc::internal) GTEST_SKIP() << kept.error().message;
    EXPECT_EQ(kept->type, "image/jpeg");
    EXPECT_TRUE(kept->name.ends_with(".jpg")) << "by content, whatever it was called";
    EXPECT_EQ(kept->width, 500u);
    EXPECT_EQ(media::sniff(contents(folder_ / kept->thumbnail)), "image/jpeg");
}

TEST_F(upload_store_test, refuses_more_than_may_wait_and_says_when_to_retry) {
    door gate;
    auto with = options();
    with.process = gate.process();
    with.max_waiting = 3;
    with.retry_after = 1'500ms;
    const auto store = open(std::move(with));
    std::vector<std::future<outcome>> taken;
    taken.push_back(put(*store, "one"));
    gate.wait_until_somebody_is_inside();
    for (int i = 0; i < 3; ++i) taken.push_back(put(*store, "one"));
    const auto refused = put(*store, "one").get();
    EXPECT_EQ(refused.error().code, errc::rate_limited);
    EXPECT_EQ(refused.error().retry_after, 1'500ms);
    gate.open();
    for (auto& one : taken) EXPECT_TRUE(one.get().has_value());
    EXPECT_TRUE(put(*store, "one").get().has_value()) << "there is room again";
}

TEST_F(upload_store_test, bounds_the_bytes_that_wait) {
    door gate;
    auto with = options();
    with.process = gate.process();
    with.max_waiting_bytes = 100;
    const auto store = open(std::move(with));
    std::vector<std::future<outcome>> taken;
    taken.push_back(put(*store, "one"));
    gate.wait_until_somebody_is_inside();
    taken.push_back(put(*store, std::string(90, 'x')));
    EXPECT_EQ(put(*store, std::string(11, 'x')).get().error().code, errc::rate_limited);
    taken.push_back(put(*store, std::string(10, 'x')));
    gate.open();
    for (auto& one : taken) EXPECT_TRUE(one.get().has_value());
    EXPECT_TRUE(put(*store, std::string(1'000, 'x')).get().has_value()) << "one alone may be larger";
}

TEST_F(upload_store_test, finishes_what_waits_when_it_closes_and_takes_nothing_after) {
    const auto store = open();
    std::vector<std::future<outcome>> all;
    for (int i = 0; i < 40; ++i) all.push_back(put(*store, "one"));
    store->close();
    for (auto& one : all) EXPECT_TRUE(one.get().has_value());
    EXPECT_EQ(put(*store, "one").get().error().code, errc::shutting_down);
    store->close();
    EXPECT_EQ(names_in(folder_).size(), 40u);
}

TEST_F(upload_store_test, ends_the_rest_when_closing_takes_too_long) {
    door gate;  // never opened
    auto with = options();
    with.process = gate.process();
    with.close_grace = 50ms;
    const auto store = open(std::move(with));
    std::vector<std::future<outcome>> all;
    for (int i = 0; i < 3; ++i) all.push_back(put(*store, "one"));
    const auto begin = std::chrono::steady_clock::now();
    store->close();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    for (auto& one : all) EXPECT_EQ(one.get().error().code, errc::shutting_down);
}

TEST_F(upload_store_test, may_be_used_and_closed_from_many_threads) {
    const auto store = open();
    std::atomic<int> answered{0};
    std::atomic<int> kept{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                store->put("one", "a.png", [&](const outcome& o) {
                    ++answered;
                    if (o.has_value()) ++kept;
                });
            }
            if (t % 2 == 0) store->close();
        });
    }
    for (std::thread& thread : threads) thread.join();
    store->close();
    EXPECT_EQ(answered, 4 * 50);
    EXPECT_EQ(static_cast<std::size_t>(kept), names_in(folder_).size());
}

TEST_F(upload_store_test, removes_an_image_with_its_thumbnail_and_nothing_else) {
    const auto store = open();
    const auto kept = put(*store, "large").get().value();
    const auto other = put(*store, "one").get().value();
    store->remove(kept);
    EXPECT_EQ(names_in(folder_), std::vector<std::string>{other.name});

    const fs::path outside = folder_.string() + ".png";
    std::ofstream(outside) << "precious";
    chat::upload hostile;
    hostile.name = "../" + outside.filename().string();
    hostile.thumbnail = outside.string();
    store->remove(hostile);
    EXPECT_EQ(contents(outside), "precious");
    fs::remove(outside);
}

TEST_F(upload_store_test, says_so_when_there_is_no_room_and_leaves_nothing_behind) {
    auto with = options();
    with.process = [](std::string_view bytes, const media::limits& bounds, std::stop_token stop) {
        auto made = fake_process(bytes, bounds, stop);
        if (made && bytes == "large and too large") made->bytes.assign(200'000, 'x');
        return made;
    };
    const auto store = open(std::move(with));
    // A limit on file sizes stands in for a full disk: write() fails half-way in the same manner.
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 100'000;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto refused = put(*store, "large and too large").get();
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, previous);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::store_unavailable);
    EXPECT_NE(refused.error().message.find("no room"), std::string::npos) << refused.error().message;
    EXPECT_TRUE(names_in(folder_).empty()) << "the thumbnail was written before and is taken back";
    EXPECT_TRUE(put(*store, "large and too large").get().has_value()) << "it recovers by itself";
}

TEST_F(upload_store_test, says_so_when_the_folder_has_gone) {
    const auto store = open();
    fs::remove_all(folder_);
    const auto refused = put(*store, "one").get();
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::io_failed);
    EXPECT_FALSE(refused.error().message.empty());
}

TEST_F(upload_store_test, cannot_be_opened_where_no_folder_can_be) {
    std::ofstream(folder_) << "a file";
    auto with = options();
    for (const fs::path& where : {folder_, folder_ / "below", fs::path("/proc/chatterlink-uploads")}) {
        with.folder = where;
        const auto store = open_upload_store(with);
        ASSERT_TRUE(store.has_error()) << where;
        EXPECT_EQ(store.error().code, errc::io_failed);
        EXPECT_NE(store.error().message.find(where.string()), std::string::npos) << store.error().message;
    }
}

TEST_F(upload_store_test, clears_away_half_written_files_of_a_killed_process_and_keeps_images) {
    fs::create_directories(folder_);
    for (const auto* name : {".new-old", ".new-young", "a.png", ".other"})
        std::ofstream(folder_ / name) << "x";
    for (const auto* name : {".new-old", "a.png", ".other"}) {
        fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - 2h);
    }
    const auto store = open();
    EXPECT_EQ(names_in(folder_), (std::vector<std::string>{".new-young", ".other", "a.png"}));
}

}  // namespace
}  // namespace chatterlink::gateways
