// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include "kernel/faults/functions/tables.hpp"

namespace kmodtest::kernel {
namespace {

constexpr FaultFunction kStorageFunctions[] = {
    // Block devices and transforms.
    {"__register_blkdev", "register_blkdev", Failure::error, ENOMEM},
    {"register_blkdev", "register_blkdev", Failure::error, ENOMEM},
    {"blk_mq_alloc_tag_set", "blk_mq_alloc_tag_set", Failure::error, ENOMEM},
    {"device_add_disk", "device_add_disk", Failure::error, ENOMEM, -1, false, false, 515},
    {"blk_mq_init_allocated_queue", "blk_mq_init_allocated_queue", Failure::error, ENOMEM},
    {"__blk_mq_alloc_disk", "blk_mq_alloc_disk", Failure::pointer, ENOMEM},
    {"blk_mq_init_queue", "blk_mq_init_queue", Failure::pointer, ENOMEM},
    {"__blk_alloc_disk", "blk_alloc_disk", Failure::null, ENOMEM, -1, false, false, 0, 609},
    {"__blk_alloc_disk", "blk_alloc_disk", Failure::pointer, ENOMEM, -1, false, false, 609},
    {"__alloc_disk_node", "alloc_disk", Failure::null, ENOMEM},
    {"crypto_alloc_shash", "crypto_alloc_shash", Failure::pointer, ENOMEM},
    {"crypto_alloc_ahash", "crypto_alloc_ahash", Failure::pointer, ENOMEM},
    {"crypto_alloc_skcipher", "crypto_alloc_skcipher", Failure::pointer, ENOMEM},
    {"crypto_alloc_aead", "crypto_alloc_aead", Failure::pointer, ENOMEM},
    {"crypto_alloc_base", "crypto_alloc_base", Failure::pointer, ENOMEM},
    {"crypto_alloc_akcipher", "crypto_alloc_akcipher", Failure::pointer, ENOMEM},
    {"crypto_alloc_sync_skcipher", "crypto_alloc_sync_skcipher", Failure::pointer, ENOMEM},
    {"crypto_alloc_rng", "crypto_alloc_rng", Failure::pointer, ENOMEM},
    {"crypto_alloc_acomp", "crypto_alloc_acomp", Failure::pointer, ENOMEM},
    {"crypto_alloc_kpp", "crypto_alloc_kpp", Failure::pointer, ENOMEM},
    {"crypto_register_shash", "crypto_register_shash", Failure::error, ENOMEM},
    {"crypto_register_alg", "crypto_register_alg", Failure::error, ENOMEM},
    {"crypto_register_skcipher", "crypto_register_skcipher", Failure::error, ENOMEM},
    {"blk_mq_alloc_request", "blk_mq_alloc_request", Failure::pointer, ENOMEM},
    {"bio_kmalloc", "bio_kmalloc", Failure::null, ENOMEM, 1},
    {"blkdev_get_by_path", "blkdev_get_by_path", Failure::pointer, ENOENT},
    {"bdev_file_open_by_path", "bdev_file_open_by_path", Failure::pointer, ENOENT},
    {"dm_register_target", "dm_register_target", Failure::error, ENOMEM},
    {"crypto_register_ahash", "crypto_register_ahash", Failure::error, ENOMEM},
    {"crypto_register_aead", "crypto_register_aead", Failure::error, ENOMEM},
    {"crypto_register_rng", "crypto_register_rng", Failure::error, ENOMEM},
    {"crypto_register_akcipher", "crypto_register_akcipher", Failure::error, ENOMEM},
    {"crypto_register_kpp", "crypto_register_kpp", Failure::error, ENOMEM},
    {"crypto_register_acomp", "crypto_register_acomp", Failure::error, ENOMEM},
    {"crypto_register_scomp", "crypto_register_scomp", Failure::error, ENOMEM},
    {"crypto_register_algs", "crypto_register_algs", Failure::error, ENOMEM},
    {"crypto_register_shashes", "crypto_register_shashes", Failure::error, ENOMEM},
    {"crypto_register_skciphers", "crypto_register_skciphers", Failure::error, ENOMEM},
    {"crypto_register_aeads", "crypto_register_aeads", Failure::error, ENOMEM},
};

}  // namespace

std::span<const FaultFunction> storage_functions() {
  return kStorageFunctions;
}

}  // namespace kmodtest::kernel
