// A server's certificate and key, and the rules its TLS connections follow: TLS 1.2 and 1.3, forward secrecy
// and authenticated encryption only, session tickets, no renegotiation, no compression.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.hpp"

struct ssl_ctx_st;

namespace chatterlink::net {

struct tls_files {
    std::filesystem::path certificate;  // PEM: the server's own first, then those that lead to a root
    std::filesystem::path key;          // PEM, without a pass phrase
};

/// Any thread.
class tls_context {
  public:
    /// `http`: a client that names the protocols it speaks (ALPN, RFC 7301) has to name http/1.1; otherwise
    /// nobody is asked.
    /// Errors, with a sentence for people that names the file: io_failed (it cannot be read), config_invalid
    /// (it holds no certificate or key, the key has a pass phrase or belongs to another certificate).
    static base::result<std::shared_ptr<tls_context>> open(tls_files files, bool http);

    /// Reads the files again: connections that come from now on get what is in them. On an error, which is
    /// as for open(), everything stays as it is.
    base::result<void> reload();

    /// What new connections get.
    std::shared_ptr<ssl_ctx_st> current() const;

    const tls_files& files() const noexcept { return files_; }

    tls_context(tls_files files, bool http) : files_(std::move(files)), http_(http) {}

  private:
    const tls_files files_;
    const bool http_;
    mutable std::mutex lock_;
    std::shared_ptr<ssl_ctx_st> current_;
};

/// For clients: the rules above, and whom to believe: the certificates in `ca_file`, or the system's when it
/// is empty. Errors: io_failed, config_invalid.
base::result<std::shared_ptr<ssl_ctx_st>> open_tls_trust(const std::filesystem::path& ca_file);

}  // namespace chatterlink::net
