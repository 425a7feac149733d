#include "load/http_exchange.hpp"

#include <utility>

namespace chatterlink::load {

http_exchange::http_exchange(event_loop& loop, endpoint& server, answered on_answer, failed on_failure)
    : server_(server),
      connection_(loop, *this),
      on_answer_(std::move(on_answer)),
      on_failure_(std::move(on_failure)) {}

void http_exchange::ask(std::string_view method, std::string_view target, std::string_view body) {
    request_.assign(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(server_.host());
    if (method == "POST") {
        request_.append("\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ");
        request_.append(std::to_string(body.size()));
    }
    request_.append("\r\n\r\n").append(body);
    waiting_ = true;
    touched_ = false;
    if (!connection_.is_open()) {
        connected_ = used_ = false;
        return connection_.open(server_);
    }
    if (connected_) connection_.output() += request_;
}

void http_exchange::close() noexcept {
    connection_.close();
    waiting_ = false;
}

void http_exchange::fail(const std::string& why) {
    close();
    on_failure_(why);
}

void http_exchange::on_connected(connection&) {
    connected_ = true;
    if (waiting_) connection_.output() += request_;
}

std::size_t http_exchange::on_bytes(connection&, char* data, std::size_t size, nanoseconds now) {
    if (!waiting_) {  // a server's last words on an idle connection (408)
        connection_.close();
        return size;
    }
    http_response answer;
    const auto state = parse_response(data, size, answer);
    if (state == http_state::incomplete) {
        touched_ = true;
        return 0;
    }
    if (state == http_state::invalid) {
        fail("the server sent something that is no HTTP answer");
        return size;
    }
    if (answer.status != 200) {
        fail("the server answered " + std::string(answer.head.substr(9, answer.head.find('\r') - 9)) + ": " +
             std::string(answer.body.substr(0, 200)));
        return size;
    }
    waiting_ = false;
    used_ = true;
    if (!answer.keep_alive) connection_.close();
    on_answer_(answer.body, now);
    return answer.size;
}

void http_exchange::on_closed(connection&, const std::string& why) {
    if (!waiting_) return;
    // It was closed while idle, and the request met that: nobody has read it.
    if (used_ && !touched_) {
        connected_ = used_ = false;
        return connection_.open(server_);
    }
    fail("the connection " + why);
}

}  // namespace chatterlink::load
