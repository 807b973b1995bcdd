// SPDX-License-Identifier: Apache-2.0
#include "dtls_client.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace nestri::bench {
namespace {

constexpr int kLinkMtu = 1200;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

std::string fingerprintOf(X509* certificate) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), i == 0 ? "%02X" : ":%02X", digest[i]);
    text += hex.data();
  }
  return text;
}

}  // namespace

DtlsIdentity::DtlsIdentity() : context_(SSL_CTX_new(DTLS_client_method())) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  if (context_ == nullptr || key == nullptr || certificate == nullptr)
    fail("OpenSSL has no DTLS or no P-256");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("bench"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  fingerprint_ = fingerprintOf(certificate);
  SSL_CTX_use_certificate(context_.get(), certificate);
  SSL_CTX_use_PrivateKey(context_.get(), key);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_QUERY_MTU);
  // Returns 0 on success, unlike its neighbours.
  if (SSL_CTX_set_tlsext_use_srtp(context_.get(), "SRTP_AEAD_AES_128_GCM") != 0)
    fail("OpenSSL has no SRTP with AES-GCM");
  X509_free(certificate);
  EVP_PKEY_free(key);
}

DtlsClient::DtlsClient(const DtlsIdentity& identity, int socketFd) : ssl_(SSL_new(identity.context())) {
  BIO* out = BIO_new_dgram(socketFd, BIO_NOCLOSE);
  // What arrives is handed in by `receive`: the socket carries STUN and SRTP too.
  BIO* in = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  std::array<uint8_t, 32> anywhere{};
  BIO_ctrl(out, BIO_CTRL_DGRAM_SET_CONNECTED, 0, anywhere.data());
  SSL_set_bio(ssl_.get(), in, out);
  DTLS_set_link_mtu(ssl_.get(), kLinkMtu);
  SSL_set_connect_state(ssl_.get());
}

void DtlsClient::advance() {
  if (SSL_get_state(ssl_.get()) == TLS_ST_BEFORE) {
    SSL_do_handshake(ssl_.get());
  } else if (SSL_is_init_finished(ssl_.get()) == 0) {
    DTLSv1_handle_timeout(ssl_.get());
  }
}

void DtlsClient::receive(std::span<const uint8_t> datagram) {
  BIO_write(SSL_get_rbio(ssl_.get()), datagram.data(), static_cast<int>(datagram.size()));
  if (SSL_is_init_finished(ssl_.get()) == 0) {
    SSL_do_handshake(ssl_.get());
    return;
  }
  std::array<uint8_t, 2048> ignored{};
  SSL_read(ssl_.get(), ignored.data(), ignored.size());
}

std::optional<SrtpKeys> DtlsClient::keys() const {
  if (SSL_is_init_finished(ssl_.get()) == 0 || SSL_get_selected_srtp_profile(ssl_.get()) == nullptr)
    return std::nullopt;
  constexpr char label[] = "EXTRACTOR-dtls_srtp";
  std::array<uint8_t, 2 * (kSrtpKeyBytes + kSrtpSaltBytes)> material{};
  if (SSL_export_keying_material(ssl_.get(), material.data(), material.size(), label, sizeof label - 1, nullptr, 0,
                                 0) != 1)
    return std::nullopt;
  SrtpKeys keys{};
  // Client key, server key, client salt, server salt (RFC 5764 §4.2); we are the client.
  auto from = material.begin();
  const auto take = [&from](auto& to) {
    from = std::ranges::copy_n(from, static_cast<ptrdiff_t>(to.size()), to.begin()).in;
  };
  take(keys.local.key);
  take(keys.remote.key);
  take(keys.local.salt);
  take(keys.remote.salt);
  return keys;
}

}  // namespace nestri::bench
