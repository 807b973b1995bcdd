// SPDX-License-Identifier: Apache-2.0
// unordered_dense's map, set and hash on Abseil's flat containers. Both are open addressing with values stored in place;
// the one difference that the worker's code sees is that Abseil's erase(iterator) returns nothing.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <functional>
#include <type_traits>

namespace ankerl::unordered_dense
{
	// Small trivial keys are mixed by Abseil; a key with a hash of its own keeps it.
	template<typename T>
	struct hash
	{
		size_t operator()(const T& value) const
		{
			return absl::Hash<T>{}(value);
		}
	};

	// Adds the erase that returns the element after the erased one. Erasing never moves other elements in Abseil's
	// tables, so the iterator taken before stays valid.
	template<typename Base>
	struct with_erase : Base
	{
		using Base::Base;
		using Base::erase;

		typename Base::iterator erase(typename Base::iterator position)
		{
			auto next = position;

			++next;
			Base::erase(position);

			return next;
		}

		typename Base::iterator erase(typename Base::const_iterator position)
		{
			return erase(this->find(Base::key(position)));
		}
	};

	template<typename Key, typename Value, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using map = with_erase<absl::flat_hash_map<Key, Value, Hash, Equal>>;

	template<typename Key, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using set = with_erase<absl::flat_hash_set<Key, Hash, Equal>>;
} // namespace ankerl::unordered_dense
