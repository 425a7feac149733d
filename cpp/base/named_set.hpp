// Objects that are found by a name they carry themselves: a hash table of pointers to them, with no copy of
// the name and no allocation for each of them.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace chatterlink::base {

/// `name_of`: a member of T that returns its name, which never changes while T is in the set. Iterators and
/// references end with every insertion; one that makes the table grow looks at all names again. Whoever
/// erases an object holds a reference to it meanwhile.
template <class T, auto name_of>
class named_hash {
  public:
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept {
        return std::hash<std::string_view>{}(name);
    }
    std::size_t operator()(const std::shared_ptr<T>& each) const noexcept {
        return (*this)(std::string_view(std::invoke(name_of, *each)));
    }
};

template <class T, auto name_of>
class named_equal {
  public:
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
        return name(a) == name(b);
    }

  private:
    static std::string_view name(std::string_view itself) noexcept { return itself; }
    static std::string_view name(const std::shared_ptr<T>& each) noexcept {
        return std::invoke(name_of, *each);
    }
};

template <class T, auto name_of>
using named_set =
    boost::unordered_flat_set<std::shared_ptr<T>, named_hash<T, name_of>, named_equal<T, name_of>>;

}  // namespace chatterlink::base
