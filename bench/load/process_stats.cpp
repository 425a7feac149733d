#include "load/process_stats.hpp"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "load/errors.hpp"

namespace chatterlink::load {
namespace {

std::string folder_of(std::int64_t pid) {
    return "/proc/" + std::to_string(pid);
}

// Empty also when the process ends between the opening and the reading, which is an error then: a stream's
// own functions take note of it, its buffer's iterators would throw.
std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text, '\0');
    return text;
}

std::vector<std::int64_t> numbers_in(const std::string& folder) {
    std::vector<std::int64_t> found;
    DIR* const list = ::opendir(folder.c_str());
    if (list == nullptr) return found;
    while (const dirent* entry = ::readdir(list)) {
        const char* const end = entry->d_name + std::strlen(entry->d_name);
        std::int64_t number = 0;
        if (std::from_chars(entry->d_name, end, number).ptr == end) found.push_back(number);
    }
    ::closedir(list);
    return found;
}

// Field `number` (from 1) of /proc/PID/stat, of those behind the name, which may hold spaces.
std::int64_t stat_field(const std::string& stat, int number) {
    std::size_t at = stat.rfind(')');
    for (int field = 2; field < number && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
    if (at == std::string::npos) return 0;
    std::int64_t value = 0;
    std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), value);
    return value;
}

// The kernel's own count, to the nanosecond, of a process as a whole: the sum of /proc/PID/task/*/schedstat
// and of what its ended threads had.
std::optional<nanoseconds> precise_cpu(std::int64_t pid) {
    clockid_t clock{};
    timespec t{};
    if (::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 || ::clock_gettime(clock, &t) != 0)
        return std::nullopt;
    return t.tv_sec * one_second + t.tv_nsec;
}

nanoseconds cpu_of(std::int64_t pid) {
    if (const auto precise = precise_cpu(pid)) return *precise;
    const auto stat = contents(folder_of(pid) + "/stat");
    return (stat_field(stat, 14) + stat_field(stat, 15)) * (one_second / ::sysconf(_SC_CLK_TCK));
}

std::uint64_t rss_of(std::int64_t pid) {
    const auto status = contents(folder_of(pid) + "/status");
    const auto at = status.find("VmRSS:");
    if (at == std::string::npos) return 0;  // it has ended
    const auto digits = status.find_first_of("0123456789", at);
    std::uint64_t kib = 0;
    std::from_chars(status.data() + digits, status.data() + status.size(), kib);
    return kib;
}

}  // namespace

process_stats::process_stats(std::int64_t pid) : root_(pid) {
    if (contents(folder_of(pid) + "/stat").empty())
        throw could_not_run("there is no process " + std::to_string(pid) + " (--pid)");
    refresh();
}

void process_stats::refresh() {
    std::multimap<std::int64_t, std::int64_t> children;
    for (const auto pid : numbers_in("/proc"))
        children.emplace(stat_field(contents(folder_of(pid) + "/stat"), 4), pid);
    pids_ = {root_};
    for (std::size_t i = 0; i < pids_.size(); ++i) {
        const auto [first, last] = children.equal_range(pids_[i]);
        for (auto child = first; child != last; ++child) pids_.push_back(child->second);
    }
}

nanoseconds process_stats::cpu() const {
    nanoseconds all = 0;
    for (const auto pid : pids_) all += cpu_of(pid);
    return all;
}

std::uint64_t process_stats::rss_kib() const {
    std::uint64_t all = 0;
    for (const auto pid : pids_) all += rss_of(pid);
    return all;
}

nanoseconds own_cpu() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * one_second + t.tv_nsec;
}

}  // namespace chatterlink::load
