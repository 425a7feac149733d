// The bodies of the header libraries Boost.Asio and Boost.Beast, compiled once (see Dependencies.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
