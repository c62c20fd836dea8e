// A stand-in for the C++ runtime of Kaitai Struct, which no package registry carries: only what the code generated for
// formats/sgf1.ksy calls, written for `tools/bench_native.py` from the public API. It reads through std::istream, as
// that API has it, but is all inline, which a separate library is not: so the peer is rather faster here than slower.
#ifndef SIGFLOW_BENCH_KAITAISTRUCT_H
#define SIGFLOW_BENCH_KAITAISTRUCT_H
#define KAITAI_STRUCT_VERSION 11000L
#include <stdint.h>
#include <istream>
#include <string>
namespace kaitai {

class kstream {
public:
    explicit kstream(std::istream* io) : m_io(io), m_bits(0), m_bits_left(0) {
        m_io->exceptions(std::istream::eofbit | std::istream::failbit | std::istream::badbit);
    }
    bool is_eof() {
        return m_bits_left == 0 && m_io->rdbuf()->sgetc() == std::char_traits<char>::eof();
    }
    uint8_t read_u1() { return static_cast<uint8_t>(number(1)); }
    uint32_t read_u4be() { return static_cast<uint32_t>(number(4)); }
    uint64_t read_u8be() { return number(8); }
    std::string read_bytes(std::streamsize count) {
        m_bits_left = 0;
        std::string found(static_cast<size_t>(count), ' ');
        if (count > 0) m_io->read(&found[0], count);
        return found;
    }
    uint64_t read_bits_int_be(int count) {
        while (m_bits_left < count) {
            char byte;
            m_io->read(&byte, 1);
            m_bits = m_bits << 8 | static_cast<uint8_t>(byte);
            m_bits_left += 8;
        }
        m_bits_left -= count;
        return m_bits >> m_bits_left & ((1ULL << count) - 1);
    }

private:
    uint64_t number(int size) {
        m_bits_left = 0;
        char bytes[8];
        m_io->read(bytes, size);
        uint64_t value = 0;
        for (int n = 0; n < size; n++) value = value << 8 | static_cast<uint8_t>(bytes[n]);
        return value;
    }
    std::istream* m_io;
    uint64_t m_bits;
    int m_bits_left;
};

class kstruct {
public:
    explicit kstruct(kstream* io) : m__io(io) {}
    virtual ~kstruct() {}

protected:
    kstream* m__io;
};

}  // namespace kaitai
#endif
