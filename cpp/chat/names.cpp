#include "chat/names.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/ascii.hpp"

namespace chatterlink::chat {
namespace {

using base::errc;
using base::fail;
using base::result;

// What differs between the two kinds of names.
struct rules {
    std::string_view noun;
    std::size_t max_length;
    std::size_t max_bytes;
    errc empty;
    errc too_long;
    errc invalid;
    bool is_room;
};

constexpr rules user_rules{
    "name", max_user_name, max_user_name_bytes, errc::name_empty, errc::name_too_long, errc::name_invalid,
    false};
constexpr rules room_rules{
    "room name",        max_room_name, max_room_name_bytes, errc::room_empty, errc::room_too_long,
    errc::room_invalid, true};

base::error say(errc code, const rules& rule, std::string_view sentence) {
    std::string text = "A ";
    text.append(rule.noun).append(sentence);
    return fail(code, std::move(text));
}

base::error too_long(const rules& rule) {
    return say(rule.too_long, rule, " has at most " + std::to_string(rule.max_length) + " characters.");
}

// ---- Plain ASCII: no ICU is touched, so neither the first join nor a rush of 19,000 pays for it. ----

constexpr bool is_plain(char c) {
    return base::is_alphanumeric(c) || c == ' ' || c == '_' || c == '-' || c == '.';
}

// What ICU's skeleton and the two extra steps of key_of() do to the characters of is_plain().
void append_plain_key(std::string& key, char c) {
    c = base::lower(c);
    switch (c) {
        case 'm':
            key += "rn";
            break;
        case '0':
            key += 'o';
            break;
        case '1':
        case 'i':
            key += 'l';
            break;
        default:
            key += c;
    }
}

// Both forms of a plain name, or nothing when it takes ICU to know them.
std::optional<name> plain_name(std::string_view text) {
    name out;
    out.display.reserve(text.size());
    out.key.reserve(text.size() * 2);
    for (const char c : text) {
        if (!is_plain(c)) return std::nullopt;
        if (c == ' ' && (out.display.empty() || out.display.back() == ' ')) continue;
        out.display += c;
        append_plain_key(out.key, c);
    }
    if (!out.display.empty() && out.display.back() == ' ') {
        out.display.pop_back();
        out.key.pop_back();
    }
    return out;
}

// ---- Everything else: ICU. ----

// ICU's tables: shared, constant, made at the first name that needs them (0.3 ms), never freed.
struct icu_tools {
    const icu::Normalizer2* nfc = nullptr;
    const icu::Normalizer2* fold = nullptr;  // NFKC_Casefold: also drops what is default-ignorable
    USpoofChecker* one_alphabet = nullptr;   // const use is thread-safe (uspoof.h)
    UErrorCode status = U_ZERO_ERROR;

    icu_tools() {
        nfc = icu::Normalizer2::getNFCInstance(status);
        fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
        one_alphabet = uspoof_open(&status);
        if (U_FAILURE(status)) return;
        uspoof_setChecks(one_alphabet, USPOOF_RESTRICTION_LEVEL, &status);
        uspoof_setRestrictionLevel(one_alphabet, USPOOF_HIGHLY_RESTRICTIVE);
    }
};

const icu_tools& icu_once() {
    static const icu_tools* const tools =
        new icu_tools;  // on purpose without an end: threads may outlive statics
    return *tools;
}

base::error icu_failed(UErrorCode status) {
    return fail(errc::internal, std::string("ICU cannot check names: ") + u_errorName(status));
}

// UTF-8 to UTF-16, or nothing when it is not valid UTF-8.
std::optional<icu::UnicodeString> decode(std::string_view utf8) {
    std::array<UChar, std::max(max_user_name_bytes, max_room_name_bytes)>
        units;  // never more units than bytes
    if (utf8.size() > units.size()) return std::nullopt;
    std::int32_t length = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(units.data(), static_cast<std::int32_t>(units.size()), &length, utf8.data(),
                  static_cast<std::int32_t>(utf8.size()), &status);
    if (U_FAILURE(status)) return std::nullopt;
    return icu::UnicodeString(units.data(), length);
}

std::string encode(const icu::UnicodeString& text) {
    std::string out;
    text.toUTF8String(out);
    return out;
}

std::vector<UChar32> code_points(const icu::UnicodeString& text) {
    std::vector<UChar32> out;
    out.reserve(static_cast<std::size_t>(text.length()));
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) out.push_back(text.char32At(i));
    return out;
}

bool is_hash(UChar32 c) {
    return c == '#' || c == 0xFE5F || c == 0xFF03;
}

// Trims white space of every kind (for a room also '#' in front) and makes every run of space separators one
// space. Tabs, line breaks and other controls inside stay, to be refused.
icu::UnicodeString tidy(const icu::UnicodeString& text, const rules& rule) {
    const auto points = code_points(text);
    auto first = points.begin();
    auto last = points.end();
    const auto leads = [&](UChar32 c) { return u_isUWhiteSpace(c) || (rule.is_room && is_hash(c)); };
    while (first != last && leads(*first)) ++first;
    while (first != last && u_isUWhiteSpace(*(last - 1))) --last;

    icu::UnicodeString out;
    bool after_space = false;
    for (; first != last; ++first) {
        const bool space = u_charType(*first) == U_SPACE_SEPARATOR;
        if (!space) {
            out.append(*first);
        } else if (!after_space) {
            out.append(UChar32{' '});
        }
        after_space = space;
    }
    return out;
}

constexpr UChar32 zero_width_joiner = 0x200D;
constexpr UChar32 text_variant = 0xFE0E;
constexpr UChar32 emoji_variant = 0xFE0F;

bool is_mark(UChar32 c) {
    return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

bool is_emoji_part(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) ||
           u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER) || c == emoji_variant;
}

// Characters nobody can see or nobody has agreed on the look of.
bool is_unfit(UChar32 c) {
    constexpr std::uint32_t unfit = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK | U_GC_CN_MASK |
                                    U_GC_ZL_MASK | U_GC_ZP_MASK;
    constexpr UChar32 blank_braille = 0x2800;
    constexpr UChar32 object_replacement = 0xFFFC;
    constexpr UChar32 replacement = 0xFFFD;
    return (U_GET_GC_MASK(c) & unfit) != 0 || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
           c == blank_braille || c == object_replacement || c == replacement;
}

// The sentence that says what is wrong with the characters; empty when nothing is.
std::string_view find_fault(const std::vector<UChar32>& points) {
    std::size_t marks = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const UChar32 c = points[i];
        const UChar32 before = i == 0 ? 0 : points[i - 1];
        if (c == zero_width_joiner) {
            const bool joins = i > 0 && i + 1 < points.size() && is_emoji_part(before) &&
                               u_hasBinaryProperty(points[i + 1], UCHAR_EXTENDED_PICTOGRAPHIC);
            if (!joins) return " must not contain invisible characters.";
            marks = 0;
            continue;
        }
        if (c == text_variant || c == emoji_variant) {
            if (!u_hasBinaryProperty(before, UCHAR_EMOJI)) return " must not contain invisible characters.";
        } else if (is_unfit(c)) {
            return " must not contain control, invisible or unassigned characters.";
        }
        if (!is_mark(c)) {
            marks = 0;
            continue;
        }
        if (before == 0 || before == ' ') return " must not begin a word with a combining mark.";
        if (++marks > max_combining_marks) return " must not pile combining marks on one character.";
    }
    return {};
}

// See check_user_name() for what a key makes equal. One pass of fold and skeleton is not enough: the skeleton
// of "0" is a capital "O", that of a Cherokee letter a Latin "M" whose small form has the skeleton "rn".
result<std::string> key_of(const icu::UnicodeString& display, const icu_tools& tools) {
    constexpr int enough_rounds = 4;
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeString key = tools.fold->normalize(display, status);
    for (int round = 0; round < enough_rounds && U_SUCCESS(status); ++round) {
        icu::UnicodeString skeleton;
        uspoof_getSkeletonUnicodeString(tools.one_alphabet, 0, key, skeleton, &status);
        icu::UnicodeString next = tools.fold->normalize(skeleton, status);
        if (next == key) break;
        key = std::move(next);
    }
    if (U_FAILURE(status)) return icu_failed(status);
    key.findAndReplace(icu::UnicodeString(UChar32{'i'}), icu::UnicodeString(UChar32{'l'}));
    return encode(key);
}

result<name> unicode_name(std::string_view utf8, const rules& rule) {
    const icu_tools& tools = icu_once();
    if (U_FAILURE(tools.status)) return icu_failed(tools.status);
    const auto decoded = decode(utf8);
    if (!decoded) return say(rule.invalid, rule, " must be valid UTF-8.");

    UErrorCode status = U_ZERO_ERROR;
    const icu::UnicodeString display = tools.nfc->normalize(tidy(*decoded, rule), status);
    if (U_FAILURE(status)) return icu_failed(status);
    if (display.isEmpty()) return name{};
    const auto points = code_points(display);
    if (points.size() > rule.max_length) return too_long(rule);
    if (const auto fault = find_fault(points); !fault.empty()) return say(rule.invalid, rule, fault);

    if (rule.is_room) {
        const icu::UnicodeString folded = tools.fold->normalize(display, status);
        if (folded.indexOf(UChar32{'/'}) >= 0 || folded.indexOf(UChar32{'\\'}) >= 0) {
            return say(rule.invalid, rule, " must not contain a slash or a backslash.");
        }
    } else if (uspoof_check2UnicodeString(tools.one_alphabet, display, nullptr, &status) != 0) {
        return say(rule.invalid, rule, " must not mix alphabets, such as Latin and Cyrillic letters.");
    }
    if (U_FAILURE(status)) return icu_failed(status);

    auto key = key_of(display, tools);
    if (!key) return key.error();
    return name{encode(display), std::move(*key)};
}

result<name> check(std::string_view utf8, const rules& rule) {
    if (utf8.size() > rule.max_bytes) return too_long(rule);
    std::string_view text = utf8;
    if (rule.is_room) text.remove_prefix(std::min(text.find_first_not_of('#'), text.size()));
    if (auto plain = plain_name(text)) {
        if (plain->display.empty()) return say(rule.empty, rule, " must not be empty.");
        if (plain->display.size() > rule.max_length) return too_long(rule);
        return std::move(*plain);
    }
    auto checked = unicode_name(text, rule);
    if (checked && checked->display.empty()) return say(rule.empty, rule, " must not be empty.");
    return checked;
}

// Names under which the server itself speaks, as keys.
bool is_reserved(const std::string& key) {
    static const std::array reserved = [] {
        return std::array{plain_name("system")->key, plain_name("server")->key,
                          plain_name("chatterlink")->key};
    }();
    return std::find(reserved.begin(), reserved.end(), key) != reserved.end();
}

}  // namespace

result<name> check_user_name(std::string_view utf8) {
    auto checked = check(utf8, user_rules);
    if (checked && is_reserved(checked->key)) {
        return fail(errc::name_taken, "That name is reserved for the server. Choose another one.");
    }
    return checked;
}

result<name> check_room_name(std::string_view utf8) {
    return check(utf8, room_rules);
}

bool is_blank(std::string_view utf8) {
    const auto length = static_cast<std::int32_t>(std::min<std::size_t>(utf8.size(), INT32_MAX));
    for (std::int32_t at = 0; at < length;) {
        UChar32 c = 0;
        U8_NEXT(utf8.data(), at, length, c);
        if (c < 0 || !(u_isUWhiteSpace(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)))
            return false;
    }
    return true;
}

namespace detail {

result<std::string> key_by_icu(std::string_view display) {
    const icu_tools& tools = icu_once();
    if (U_FAILURE(tools.status)) return icu_failed(tools.status);
    const auto decoded = decode(display);
    if (!decoded) return fail(errc::name_invalid, "not valid UTF-8, or too long");
    return key_of(*decoded, tools);
}

}  // namespace detail
}  // namespace chatterlink::chat
