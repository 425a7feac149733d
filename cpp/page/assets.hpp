// The web page, inside the program: every file that the page's build made, so that there is nothing to find
// at run time. cmake/Page.cmake builds the page and writes the bodies.
#pragma once

#include <span>
#include <string_view>

namespace chatterlink::page {

/// One file of the page. The views point into the program's constants and live as long as it does.
struct asset {
    std::string_view
        path;  // from the root of the page, with the slash: "/index.html", "/assets/index-BxK3.js"
    std::string_view type;   // media type, with a charset for text: "text/html; charset=utf-8"
    std::string_view bytes;  // as the build made it
    std::string_view gzip;   // the same compressed (RFC 1952); empty where that saves nothing (images, fonts)
    std::string_view etag;  // strong validator with its quotes (RFC 9110 §8.8.3), from the content alone; the
                            // compressed form is another representation and needs another one (add a suffix)
};

/// Every file, sorted by path, so that a binary search finds one. Any thread; never fails.
std::span<const asset> assets() noexcept;

}  // namespace chatterlink::page
