#include "serve/document.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "codec/compress.h"

namespace nsmap::serve {
namespace {

std::string gunzip(std::string_view bytes, std::size_t size) {
  std::string out(size, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  return out;
}

TEST(Encoding, IsTheBestThatIsTaken) {
  const std::pair<const char*, Encoding> kCases[] = {
      {"", Encoding::identity},
      {"zstd", Encoding::zstd},
      {"gzip", Encoding::gzip},
      {"gzip, deflate, br, zstd", Encoding::zstd},
      {"gzip;q=1.0, zstd;q=0.5", Encoding::gzip},
      {"gzip ; q=0.8 ,zstd;q=0.80", Encoding::zstd},
      {"*", Encoding::zstd},
      {"zstd;q=0, *", Encoding::gzip},
      {"*;q=0", Encoding::identity},
      {"identity", Encoding::identity},
      {"br", Encoding::identity},
      {"gzip;q=0", Encoding::identity},
      {"gzip;q=0.000", Encoding::identity},
      {"gzip;q=x", Encoding::identity},
      {"gzip;level=9", Encoding::identity},
      {",,;,=", Encoding::identity},
  };
  for (const auto& [accepted, encoding] : kCases)
    EXPECT_EQ(choose_encoding(accepted), encoding) << accepted;
}

TEST(Document, IsCompressedInEachWayOnce) {
  const std::string text(100'000, 'x');
  const Document document(kJson, text);
  EXPECT_EQ(document.bytes(Encoding::identity), text);
  EXPECT_EQ(gunzip(document.bytes(Encoding::gzip), text.size()), text);
  EXPECT_EQ(codec::decompress(document.bytes(Encoding::zstd), "it", text.size()), text);
  EXPECT_EQ(document.bytes(Encoding::gzip).data(), document.bytes(Encoding::gzip).data());
  EXPECT_TRUE(document.is_long());
  EXPECT_FALSE(Document(kJson, "{}").is_long());
}

TEST(Gzip, TakesNothing) { EXPECT_EQ(gunzip(gzip(""), 1)[0], '\0'); }

}  // namespace
}  // namespace nsmap::serve
