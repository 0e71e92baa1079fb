#include "serve/page.h"

#include <gtest/gtest.h>

namespace nsmap::serve {
namespace {

TEST(ContentPolicy, AllowsThePagesOwnScriptsAndStylesAlone) {
  // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(content_policy("<style>p{}</style><script type=\"module\">alert(1)</script>"
                           "<script></script>"),
            "default-src 'none'; script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=' "
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
            "style-src 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='; img-src data:; "
            "connect-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'; "
            "form-action 'none'");
}

TEST(ContentPolicy, AllowsNoneWhereThereAreNone) {
  EXPECT_EQ(content_policy("<p>").find("default-src 'none'; script-src 'none'; style-src 'none';"),
            0u);
}

}  // namespace
}  // namespace nsmap::serve
