// The bodies of the header libraries Boost.Asio and Boost.Beast, compiled once (see Dependencies.cmake).
// Beast 1.81 asserts that a last chunk ("0\r\n\r\n") of which more arrives is whole by then, which is for the
// client to choose: a program with assertions on would end there, one without reads on as it should (found by
// the fuzzer).
#define BOOST_BEAST_SOURCE  // as beast/src.hpp has it
#define BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
#include <boost/beast/http/impl/basic_parser.ipp>
#undef BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
