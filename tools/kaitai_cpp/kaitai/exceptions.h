// Stand-in, see kaitaistruct.h.
#ifndef SIGFLOW_BENCH_EXCEPTIONS_H
#define SIGFLOW_BENCH_EXCEPTIONS_H
#include <stdexcept>
#include <string>
namespace kaitai {
class kstream;
template <typename T>
struct validation_not_equal_error : std::runtime_error {
    validation_not_equal_error(const T&, const T&, kstream*, const std::string& path) : std::runtime_error(path) {}
};
}  // namespace kaitai
#endif
