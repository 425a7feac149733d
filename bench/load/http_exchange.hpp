// One HTTP/1.1 connection that asks and is answered, one request at a time, kept open in between.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "load/connection.hpp"
#include "load/http_response.hpp"

namespace chatterlink::load {

/// Opens its connection when there is something to ask, and anew when the server closed it in between
/// (servers give an idle connection some seconds).
class http_exchange final : private connection_owner {
  public:
    /// The body of an answer with status 200, and when it arrived. May ask for the next thing, or close.
    using answered = std::function<void(std::string_view body, nanoseconds now)>;
    /// No answer will come, or one that says no; the connection is closed. `why` is a whole sentence.
    using failed = std::function<void(const std::string& why)>;

    http_exchange(event_loop& loop, endpoint& server, answered on_answer, failed on_failure);

    /// Only when not waiting(). `body` goes by POST; without one it is a GET.
    void get(std::string_view target) { ask("GET", target, {}); }
    void post(std::string_view target, std::string_view body) { ask("POST", target, body); }

    bool waiting() const noexcept { return waiting_; }
    void flush() { connection_.flush(); }
    void close() noexcept;

  private:
    void ask(std::string_view method, std::string_view target, std::string_view body);
    void on_connected(connection& c) override;
    std::size_t on_bytes(connection& c, char* data, std::size_t size, nanoseconds now) override;
    void on_closed(connection& c, const std::string& why) override;
    void fail(const std::string& why);

    endpoint& server_;
    connection connection_;
    answered on_answer_;
    failed on_failure_;
    std::string request_;
    bool waiting_ = false;
    bool connected_ = false;
    bool used_ = false;     // this connection has brought an answer
    bool touched_ = false;  // bytes of the answer that is waited for have come
};

}  // namespace chatterlink::load
