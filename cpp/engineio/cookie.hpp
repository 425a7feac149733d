// The Set-Cookie field of a handshake (RFC 6265 §4.1.1).
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "engineio/settings.hpp"

namespace chatterlink::engineio {

/// The field's value for a session, for example "io=SID; Path=/; HttpOnly; SameSite=Lax".
std::string set_cookie(const cookie& how, std::string_view sid);

/// Whether name and attributes can stand in a header: config_invalid says which cannot. To be asked when the
/// settings are made; set_cookie() asks no more.
base::result<void> check_cookie(const cookie& how);

}  // namespace chatterlink::engineio
