// The bodies of the header library Boost.JSON, compiled once (see Dependencies.cmake). Apart from Asio's and
// Beast's: the lowest layer reads JSON and knows no sockets.
#include <boost/json/src.hpp>
