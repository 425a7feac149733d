// Standard input, output and error, which whoever starts a program may have closed.
#pragma once

namespace chatterlink::apps {

/// Opens /dev/null at each of the descriptors 0, 1 and 2 that is closed: otherwise the next socket or
/// database would get that number, and what is printed with it. To be called before anything else is opened.
void open_standard_streams() noexcept;

}  // namespace chatterlink::apps
