// Certificates for tests, made on the spot: P-256, signed by themselves, good for localhost and 127.0.0.1.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "net/tls_context.hpp"

namespace chatterlink::test {

/// A folder that goes with this object, with certificate and key files in it.
class certificates {
  public:
    certificates() {
        std::string name = (std::filesystem::temp_directory_path() / "chatterlink-tls-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~certificates() { std::filesystem::remove_all(folder_); }
    certificates(const certificates&) = delete;
    certificates& operator=(const certificates&) = delete;

    std::filesystem::path file(const std::string& name) const { return folder_ / name; }

    /// NAME.pem and NAME.key; `subject` is the common name by which a test knows it again.
    net::tls_files make(const std::string& name, const std::string& subject) const {
        const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), &X509_free);
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 24 * 3600);
        X509_set_pubkey(made.get(), key.get());
        X509_NAME* const who = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(who, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), who);
        X509V3_CTX context;
        X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
        X509_EXTENSION* const names =
            X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
        X509_add_ext(made.get(), names, -1);
        X509_EXTENSION_free(names);
        X509_sign(made.get(), key.get(), EVP_sha256());
        net::tls_files files{file(name + ".pem"), file(name + ".key")};
        write(files.certificate, [&](std::FILE* to) { PEM_write_X509(to, made.get()); });
        write(files.key, [&](std::FILE* to) {
            PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
        write(file(name + ".locked"), [&](std::FILE* to) {
            PEM_write_PrivateKey(to, key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr,
                                 const_cast<char*>("secret"));
        });
        return files;
    }

  private:
    template <class Write>
    static void write(const std::filesystem::path& to, Write what) {
        std::FILE* const f = std::fopen(to.c_str(), "w");
        what(f);
        std::fclose(f);
    }

    std::filesystem::path folder_;
};

}  // namespace chatterlink::test
