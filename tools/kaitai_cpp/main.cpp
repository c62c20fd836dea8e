// Reads a capture of SGF1 frames with Kaitai's generated parser, verifies every checksum with zlib, and prints how many
// frames there were, the sum of `sequence` and `payload_length`, and the seconds of the fastest of some rounds.
#include <zlib.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include "sgf1.h"

int main(int count, char** arguments) {
    std::ifstream file(arguments[1], std::ios::binary);
    const std::string data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    double best = 1e9;
    unsigned long frames = 0, total = 0;
    for (int round = 0; round < (count > 2 ? std::atoi(arguments[2]) : 3); round++) {
        std::istringstream stream(data);
        const auto start = std::chrono::steady_clock::now();
        kaitai::kstream io(&stream);
        size_t at = 0;
        frames = total = 0;
        while (!io.is_eof()) {
            sgf1_t frame(&io);
            const std::string payload = frame.payload();
            const Bytef* head = reinterpret_cast<const Bytef*>(data.data() + at);
            const uLong covered =
                crc32(crc32(0, head, 22), reinterpret_cast<const Bytef*>(payload.data()), (uInt)payload.size());
            if (covered != frame.checksum()) return 3;
            frames++;
            total += frame.sequence() + frame.payload_length();
            at += 26 + payload.size();
        }
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
        if (spent.count() < best) best = spent.count();
    }
    std::printf("%lu %lu %.9f\n", frames, total, best);
}
