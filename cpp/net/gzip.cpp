#include "net/gzip.hpp"

#include <zlib.h>

#include <new>

namespace chatterlink::net {

std::string gzip(std::string_view bytes) {
    constexpr int with_gzip_header = 16;  // added to the window's bits (zlib.h, deflateInit2)
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + with_gzip_header, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
    std::string out(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);  // the bound makes it one step
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace chatterlink::net
