// One measurement from the first connection to the report.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/board.hpp"
#include "load/endpoint.hpp"
#include "load/event_loop.hpp"
#include "load/inflater.hpp"
#include "load/process_stats.hpp"
#include "load/report.hpp"
#include "load/schedule.hpp"
#include "load/session.hpp"

namespace chatterlink::load {

/// Connects, waits, puts load on, waits for what is on its way. One thread; use once.
class run final : private session_owner {
  public:
    /// Throws could_not_run: no server, no such process, not enough files.
    explicit run(const options& o);

    /// Throws could_not_run: the server refuses the clients, goes away, or takes longer than --timeout.
    report measure();

  private:
    void connect_all();
    void probe_until_known();
    void put_load_on();
    void drain();

    void open_more();
    void send_what_is_due(nanoseconds until);
    void say(std::uint32_t sender, nanoseconds due);
    void turn(nanoseconds until);
    bool stays_awake() const;
    void wait_until(nanoseconds until);
    void begin_window();
    void end_window();
    void collect();
    void note_errors();
    std::uint64_t awaited() const;
    void lost_while_measuring(session& s, const std::string& why);

    void on_ready(session& s) override;
    void on_lost(session& s, const std::string& why) override;
    void on_refused(session& s, const std::string& why) override;
    void on_progress(session& s) override;

    const options wanted_;
    report report_;
    event_loop loop_;
    endpoint server_;
    std::uint32_t run_;  // its number
    board board_;
    std::optional<inflater> inflater_;
    surroundings around_;
    std::optional<process_stats> stats_;
    std::vector<std::unique_ptr<session>> sessions_;
    nanoseconds give_up_ = 0;
    bool connecting_ = true;
    bool sending_ = false;     // closed loops go on
    std::uint32_t begun_ = 0;  // sessions that were started
    std::uint32_t ready_ = 0;
    std::uint32_t gone_ = 0;  // lost since all were ready
    std::string first_loss_;  // why the first of them went
    histogram connect_times_;
    std::optional<schedule> schedule_;
    nanoseconds worst_lateness_ = 0;
    nanoseconds window_began_ = 0;
    nanoseconds server_cpu_ = 0;  // at the window's beginning, as the following
    nanoseconds own_cpu_ = 0;
    std::uint64_t arrived_ = 0;
    std::uint64_t acks_ = 0;
};

}  // namespace chatterlink::load
